// How a lock puts a thread to sleep, and hands on what top halves have left: the one interface
// between mutex/ and what lies to its right and implements it (kern/park.cpp, intr/deferral.cpp).
//
// Who: threads, with preemption held off by the caller but for assert_may_block.
// Lock order: as each line says.
#pragma once

#include "kern/base/percpu.hpp"
#include "spl/context.hpp"

namespace pivot {

struct TurnRecord;

// No deadline.
inline constexpr u64 kForever = ~u64{0};

// What the tokens cannot see: panics, in a checked build, if the running code must not sleep now.
// Before preemption is held off. `what` names the object that it would sleep for.
void check_may_block(const char* what);

inline void assert_may_block(const char* what) {
    if constexpr (kChecked) {
        check_may_block(what);
    }
}

// The SPL at which the current thread may block: none, or a bottom half's level.
[[nodiscard]] u64 base_spl_of_current();

// Sleeps until unpark, or until `deadline` (counter ticks; kForever: none). False: until then. No
// lock is held; what unpark's caller looks at has been stored before.
[[nodiscard]] bool park_until(MayBlock const& context, u64 deadline);

// Makes a parked thread ready, once for each park.
void unpark(Thread& thread);

// Is it the current thread of another CPU at this moment? A thread that was interrupted in place,
// or that is pinned under a bottom half, of *this* CPU is not; nor is one pinned elsewhere.
[[nodiscard]] bool runs_elsewhere(Thread const& thread);

// With g_turnstiles held (mutex/turnstile.hpp).
[[nodiscard]] TurnRecord& turn_record(Thread& thread);
// Its effective priority has changed: tells the scheduler of its home CPU.
void priority_changed(Thread& thread);

[[nodiscard]] const char* name_of(Thread const& thread);

// Schedules the continuations that were left on a mutex, each where it is to run; a list as
// AdaptiveMutex keeps it, or null. Preemption is held off, or a top half calls.
void deliver_deferred(Link* newest);

}  // namespace pivot
