// LockInfo: what every lock carries, whatever its kind: its word, its name, its place in the books.
//
// Who: the locks themselves. Lock order: none; what several CPUs write is written atomically.
//
// A lock enters the books on its first use, and that costs the fast paths nothing: its word is made
// with one bit set, the *counted* bit, so the first acquisition finds the word not 0, takes the
// slow way, and there LockStatistics::begin enters the lock and clears the bit. Switching the
// statistics on sets the bit in every lock that is in the books; while it stands, every acquisition
// and release goes the slow way and is counted.
//
// A lock that is in the books must live on: locks are static objects.
#pragma once

#include <type_traits>

#include "kern/base/config.hpp"
#include "kern/base/percpu.hpp"
#include "kern/trace/trace.hpp"
#include "spl/ipl.hpp"

namespace pivot {

class LockClass;

enum class LockKind : u8 { spin, adaptive, reader_writer };

[[nodiscard]] constexpr const char* name_of(LockKind kind) {
    constexpr const char* kNames[] = {"spin", "adaptive", "rw"};
    return kNames[static_cast<u32>(kind)];
}

// Whether a lock may be taken while one of its class is held. `nested`: the caller has an order
// among the locks of this class, by address or by place in a tree, and vouches for it.
enum class Nesting : u8 { none, nested };

// Whether a lock is held along with others.
enum class Sharing : u8 { none, with_readers };

// Where something was done: return addresses, newest first, then zeros.
struct LockTrace {
    static constexpr u32 kDepth = 6;
    uptr pc[kDepth] = {};
};

// Who holds a lock and since where: kept in checked builds only, written by the holder.
struct LockHolder {
    Thread const* thread = nullptr;
    u32 top_halves = 0;   // on the interrupt stack when it was taken; 0: by a thread
    u32 cpu = 0;          // its number + 1; 0: nobody holds it
    bool shared = false;  // with other readers
    LockTrace trace{};
};
struct NoLockHolder {};

// Null if that is not kept.
[[nodiscard]] constexpr LockHolder* known(LockHolder& holder) { return &holder; }
[[nodiscard]] constexpr LockHolder const* known(LockHolder const& holder) { return &holder; }
[[nodiscard]] constexpr LockHolder* known(NoLockHolder const&) { return nullptr; }

struct LockInfo {
    // `counted_bit`: the number of the word's counted bit.
    constexpr LockInfo(const char* lock_name, LockKind lock_kind, Ipl lock_level, u32 counted_bit)
        : word(u64{1} << counted_bit),
          name(lock_name),
          kind(lock_kind),
          level(lock_level),
          counted_shift(static_cast<u8>(counted_bit)) {}
    LockInfo(LockInfo const&) = delete;
    LockInfo& operator=(LockInfo const&) = delete;

    [[nodiscard]] u64 counted() const { return u64{1} << counted_shift; }

    u64 word;  // first, and the lock's first member: exclusives take no offset
    const char* name;
    LockInfo* next = nullptr;       // of all locks in the books
    LockClass* of_class = nullptr;  // null: not yet in the books, or there was no room
    u32 deferred = 0;  // continuations that top halves have left here (intr/deferral.hpp)
    u64 since = 0;     // the counter when it was taken; 0: that was not counted
    LockKind kind;
    Ipl level;  // of a spin mutex
    u8 counted_shift;
    u8 listed = 0;
    [[no_unique_address]] std::conditional_t<kChecked, LockHolder, NoLockHolder> holder{};
};

inline void trace_lock(TraceKind kind, LockInfo const& info) {
    if constexpr (kTraced) {
        EventTrace::note(kind, EventTrace::address(&info), EventTrace::address(info.name),
                         static_cast<u8>(info.kind));
    }
}

}  // namespace pivot
