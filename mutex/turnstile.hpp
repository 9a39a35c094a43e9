// Turnstiles: who waits for which adaptive mutex, and which priority that lends to whom.
//
// Who: adaptive mutexes' slow paths; the scheduler, when a base priority changes or a wait ends by
// its deadline. Threads only. Lock order: g_turnstiles guards all of it, a spin mutex at
// softserial; the locks of wait queues may be taken under it.
//
// A mutex that has waiters, or for which a deferred continuation lends something
// (intr/deferral.hpp), is *contested*, and stands in its owner's list. A thread's effective
// priority is the highest of its base priority and what all contested mutexes that it owns lend it:
// the effective priorities of their first waiters, and those of what is deferred. Whenever one of
// these changes, the thread's is worked out anew, and if it changed, its place among the waiters of
// the mutex that it waits for itself, and then that mutex's owner: the chain. Worked out anew,
// never adjusted, so it does not matter in which order mutexes are released, waiters give up, or
// base priorities change.
//
//     high  --waits for-->  B, owned by middle  --waits for-->  A, owned by low
//     effective 20          effective 20 (base 10)              effective 20 (base 5)
//
// The walk is bounded: beyond kLongestChain nothing more is lent. A chain that comes back to where
// it began is a deadlock, and a panic.
//
// A free mutex is taken by the waiter that was woken for it, which may not come to that for long:
// it is suspended, or of low priority by then. Then the next waiter is woken, too, and they
// compete.
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
    // It has been woken to take this one, and has not come to that yet. It clears it by itself.
    AdaptiveMutex* woken_for = nullptr;
    u32 base = 0;
    u32 effective = 0;
    bool suspended = false;  // it would not run if it were woken
};

extern SpinMutex<Ipl::softserial> g_turnstiles;

// All with g_turnstiles held.
struct Turnstile {
    static constexpr u32 kLongestChain = 32;

    // `thread` waits for `mutex`, which has an owner.
    static void enter(AdaptiveMutex& mutex, Thread& thread);
    // Somebody lends the owner of a mutex something.
    [[nodiscard]] static bool is_contested(AdaptiveMutex const& mutex);
    // A deferred continuation lends the owner of `mutex` a priority, until the mutex is released.
    static void lend(AdaptiveMutex& mutex, u32 priority);
    // Takes the waiter that is to be woken out of a contested mutex that its owner is about to
    // free. Null: there is none, or all are suspended.
    [[nodiscard]] static Thread* release(AdaptiveMutex& mutex, Thread& owner);
    // The thread's base priority has changed, or it was suspended or resumed: if a mutex is free
    // and nobody is sure to take it soon, wakes the first of its waiters for that.
    static void pass_on(Thread& thread);
    // The running thread has taken what it was woken for, or has given up. Without the lock.
    static void came_to_it(Thread& self);
    // `thread` has taken a mutex that others wait for.
    static void adopt(AdaptiveMutex& mutex, Thread& thread);
    // `thread` no longer waits. False if it did not, because it had been woken.
    [[nodiscard]] static bool give_up(Thread& thread);
    // The thread's base priority, or what it is lent, may have changed.
    static void update(Thread& thread);

  private:
    [[nodiscard]] static u32 lent_by(AdaptiveMutex const& mutex);
};

}  // namespace pivot
