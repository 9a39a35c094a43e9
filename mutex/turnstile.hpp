// Turnstiles: who waits for which adaptive mutex, and which priority that lends to whom.
//
// Who: adaptive mutexes' slow paths; the scheduler, when a base priority changes or a wait ends by
// its deadline. Threads only. Lock order: g_turnstiles guards all of it, a spin mutex at
// softserial; the locks of wait queues may be taken under it.
//
// A mutex that has waiters is *contested*, and stands in its owner's list. A thread's effective
// priority is the highest of its base priority and the effective priorities of the first waiters
// of all contested mutexes that it owns. Whenever one of these changes, the thread's is worked out
// anew, and if it changed, its place among the waiters of the mutex that it waits for itself, and
// then that mutex's owner: the chain. Worked out anew, never adjusted, so it does not matter in
// which order mutexes are released, waiters give up, or base priorities change.
//
//     high  --waits for-->  B, owned by middle  --waits for-->  A, owned by low
//     effective 20          effective 20 (base 10)              effective 20 (base 5)
//
// The walk is bounded: beyond kLongestChain nothing more is lent. A chain that comes back to where
// it began is a deadlock, and a panic.
//
// One lock for all turnstiles: only who is about to sleep, or wakes a sleeper, takes it.
#pragma once

#include "kern/base/percpu.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

class AdaptiveMutex;

// A thread's part. `base` and `effective` are priorities.
struct TurnRecord {
    AdaptiveMutex* waits_for = nullptr;
    AdaptiveMutex* contested = nullptr;  // first of those it owns that others wait for
    Thread* next = nullptr;              // behind it, among the waiters of `waits_for`
    u32 base = 0;
    u32 effective = 0;
};

extern SpinMutex<Ipl::softserial> g_turnstiles;

// All with g_turnstiles held.
struct Turnstile {
    static constexpr u32 kLongestChain = 32;

    // `thread` waits for `mutex`, which has an owner.
    static void enter(AdaptiveMutex& mutex, Thread& thread);
    // Takes the first waiter out of a mutex that its owner is about to free.
    [[nodiscard]] static Thread& release(AdaptiveMutex& mutex, Thread& owner);
    // `thread` has taken a mutex that others wait for.
    static void adopt(AdaptiveMutex& mutex, Thread& thread);
    // `thread` no longer waits. False if it did not, because it had been woken.
    [[nodiscard]] static bool give_up(Thread& thread);
    // The thread's base priority, or what it is lent, may have changed.
    static void update(Thread& thread);
};

}  // namespace pivot
