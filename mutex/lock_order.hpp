// The lock order and context checker: reports a pattern that can deadlock, the first time that it
// is seen, whether or not it deadlocks this time. Checked builds only; otherwise nothing is left of
// it.
//
// Who: the locks. Lock order: none; it takes no lock and can be interrupted by itself.
//
// Locks are judged by class (lock_class.hpp). Taking a lock of class B while one of class A is held
// says "A before B"; if "B before ... before A" has been said, by whomever and whenever, that is a
// report. What counts as held:
//
//     by a top half        the spin mutexes of its CPU: also those of the code that it has
//                          interrupted, which cannot go on either; the system-wide SPL likewise
//     by a thread          the same, and the sleeping locks that it owns
//
// The rules (docs/locks.md has an example of each):
//     order       a cycle in "before"
//     level       a spin mutex is taken under one of a higher level
//     same class  two locks of a class are held at once, and the second was not taken as `nested`
//     masking     the SPL is lowered below a held spin mutex; worse if a top half takes its class
//     sleep       a thread blocks with a spin mutex held, or with the SPL raised (park.hpp)
//     context     a lock is released by another thread or top half than took it
//
// A violation panics, with both places and their call stacks, unless set_fatal(false) was called:
// then it is kept for the shell's `lockorder` (docs/decisions/lock-order-fatal.md).
//
// How a sleeping lock calls it (SpinMutex does by itself):
//
//     LockOrder::wants(info, nesting);    before waiting; not in a try_lock, which cannot wait
//     LockOrder::taken(info);             by the new owner
//     LockOrder::released(info);          by the owner, before the release
#pragma once

#include "mutex/lock_info.hpp"
#include "spl/spl_watch.hpp"

namespace pivot {

// The sleeping locks that a thread owns, and the SPLs that its guards hold. A Thread has one.
struct LockList {
    static constexpr u32 kMost = 16;
    u32 count = 0;
    LockInfo* lock[kMost] = {};
    SplLimit const* limits = nullptr;  // the guards that hold its SPL (spl/spl_watch.hpp)
};
struct NoLockList {};
using LocksOwned = std::conditional_t<kChecked, LockList, NoLockList>;
[[nodiscard]] constexpr LockList* known(LockList& list) { return &list; }
[[nodiscard]] constexpr LockList* known(NoLockList const&) { return nullptr; }

// The current thread's; null if there is no thread yet, or no list. kern/park.cpp.
[[nodiscard]] LockList* locks_owned_by_current();
// A level of the system-wide SPL, of which PerCpu::system_owned says whether it is held:
// spl/system/system_spl.cpp.
[[nodiscard]] LockInfo& system_spl_lock(Ipl level);

class LockOrder {
  public:
    static void wants(LockInfo& lock, Nesting nesting = Nesting::none) {
        if constexpr (kChecked) {
            check_wanted(lock, nesting);
        }
    }
    static void taken(LockInfo& lock, Sharing sharing = Sharing::none) {
        if constexpr (kChecked) {
            record_taken(lock, sharing);
        }
    }
    static void released(LockInfo& lock) {
        if constexpr (kChecked) {
            record_released(lock);
        }
    }

    // -- spin mutexes: `others` is the chain of those that the CPU already holds; `runs_at`: the
    // level of the context that takes it.
    static void wants_spin(LockInfo& lock, SpinMutexBase const* others, Ipl runs_at,
                           Nesting nesting) {
        if constexpr (kChecked) {
            check_wanted_spin(lock, others, runs_at, nesting);
        }
    }
    static void taken_spin(LockInfo& lock) {
        if constexpr (kChecked) {
            record_holder(lock);
        }
    }
    static void released_spin(LockInfo& lock) {
        if constexpr (kChecked) {
            end_hold(lock);
        }
    }

    // Panics if the running code must not block now. `what` names the object it would wait for.
    static void check_may_block(const char* what, u64 base_spl);

    // Panics as panic does, and says first where `lock` was taken, if it is held.
    [[noreturn, gnu::cold]] static void fail(const char* invariant, LockInfo const& lock);

    // Whether a violation panics. It does, unless told otherwise.
    static void set_fatal(bool fatal);
    [[nodiscard]] static bool is_fatal();

    // Patterns found so far (lock_report.hpp has them all).
    [[nodiscard]] static u32 violations();

    // Forgets everything: for tests, between two machines.
    static void reset();

  private:
    static void check_wanted(LockInfo& lock, Nesting nesting);
    static void record_taken(LockInfo& lock, Sharing sharing);
    static void record_released(LockInfo& lock);
    static void check_wanted_spin(LockInfo& lock, SpinMutexBase const* others, Ipl runs_at,
                                  Nesting nesting);
    static void record_holder(LockInfo& lock);
    static void end_hold(LockInfo& lock);
};

}  // namespace pivot
