// The only symbols that a CPU port (and spl/, which lies left of everything that has work to do)
// calls to its right. Each is defined once, where its line says.
//
// Who: as each line says. Lock order: none.
#pragma once

#include "kern/base/percpu.hpp"

namespace pivot {
struct TrapFrame;
struct SplLimit;
}  // namespace pivot

extern "C" {

// Delivers what waits above the SPL `held`, and leaves the SPL there. Called by splx with the SPL
// already stored; a top half may come here (only held-off lines are delivered then).
// intr/attend.cpp.
void pivot_attend(pivot::u64 held);

// The same from interrupt exit, on the interrupted thread's stack, with the SPL at softserial or
// above: one pass, the SPL is left where it is and exit looks again with interrupts masked.
// intr/attend.cpp.
void pivot_attend_pass(pivot::u64 held);

// Checked builds: splx is about to lower the SPL to `to`. Looks for a spin mutex held that this
// would uncover. mutex/lock_order.cpp.
void pivot_spl_lowers(pivot::u64 to);

// Checked builds: the guards of the running thread that hold an SPL, newest first, and those of the
// top halves that have interrupted it. Null before there are threads. kern/park.cpp.
pivot::SplLimit const** pivot_spl_limits();

// Checked builds: C++ has masked all interrupts, or is about to let them in. spl/spl_watch.cpp.
void pivot_interrupts_masked();
void pivot_interrupts_unmask();

// A bottom half has found more work at the end of a round; `rounds`: how many there were after the
// first. Keeps to the level's budget: it may give the CPU away, and come back. Returns the level's
// SPL. intr/bottom_half.cpp.
pivot::u64 pivot_bottom_half_more(pivot::u64 rounds);

// Ends a bottom half that blocked on its way: it may be entered again. Returns the thread to switch
// to, nothing of the bottom half being kept. kern/sched.cpp.
pivot::Thread* pivot_bottom_half_retire(pivot::Thread* self);

// Ends a bottom half that has made a thread ready which outranks the one it interrupted, when that
// one could be preempted: queues it and returns the other, to be switched to. kern/sched.cpp.
pivot::Thread* pivot_preempt_pinned(pivot::Thread* pinned);

// An exception that is not an interrupt. Never returns. kern/panic.cpp.
[[noreturn]] void pivot_fault(pivot::TrapFrame* frame, pivot::u64 vector);

// The portable kernel, on the boot thread's stack, with the MMU on. kern/main.cpp or a test image.
[[noreturn]] void pivot_main(pivot::u64 boot_argument);

// The same for each CPU that is started later, on its idle thread's stack. kern/main.cpp.
[[noreturn]] void pivot_secondary_main(pivot::u64 id);
}
