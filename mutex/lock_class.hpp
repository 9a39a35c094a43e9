// Lock classes: all locks of one name, kind and level. Order and statistics are kept by class.
//
// Who: both, from the locks' slow paths. Lock order: none; no lock is taken, and whoever is
// interrupted in here keeps nobody waiting: a row's key is one word, so a row is claimed and whole
// by one compare-and-swap.
#pragma once

#include "mutex/lock_info.hpp"

namespace pivot {

// A place that took a lock, and how often.
struct LockCaller {
    uptr pc = 0;
    u64 acquisitions = 0;
    u64 contentions = 0;
};

struct LockCounts {
    static constexpr u32 kCallers = 4;

    u64 acquisitions = 0;
    u64 contentions = 0;  // found taken
    u64 spins = 0;        // times round a waiting loop
    u64 wait_ticks = 0;   // spent waiting, asleep or not
    u64 longest_wait = 0;
    u64 sleeps = 0;
    u64 longest_hold = 0;
    LockCaller callers[kCallers]{};
};

class LockClass {
  public:
    static constexpr u32 kMost = 128;

    [[nodiscard]] const char* name() const;
    [[nodiscard]] LockKind kind() const;
    [[nodiscard]] Ipl level() const;
    [[nodiscard]] u32 index() const;
    [[nodiscard]] u32 locks() const { return locks_; }

    LockCounts counts;

    // Enters a lock into the books: into a class, and into the list of all locks. Does nothing if
    // it is in. If the table is full it remains without a class; that is counted.
    static void enter(LockInfo& lock);

    // Takes a lock out of the list, for one that must end. No other may come or go meanwhile.
    static void leave(LockInfo& lock);

    [[nodiscard]] static u32 count();
    [[nodiscard]] static LockClass& at(u32 index);
    [[nodiscard]] static LockInfo* first_lock();
    [[nodiscard]] static u32 without_class();

    // Forgets everything: for tests, between two machines.
    static void reset();

  private:
    static LockClass* find(LockInfo const& lock);

    u64 key_ = 0;  // 0: a free row, and so are all behind it
    u32 locks_ = 0;
};

}  // namespace pivot
