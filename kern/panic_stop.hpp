// A panic stops every CPU before it says a word, so that what it prints is of one moment and nobody
// prints in between.
//
// Who: kern/panic.cpp; the top half of Ipi::stop. Lock order: none; takes no lock.
//
// The stop comes at a priority above every level: a CPU that spins at SPL high takes it, too. One
// that has masked interrupts at the processor does not; after a second that is what the report says
// of it. A CPU stops by leaving its registers where the report finds them and waiting for ever, on
// the stack that it was on. Of two CPUs that panic at once the first one reports, and the other one
// stops by itself:
//
//     CPU 1                                     CPU 2
//     reporter: 0 -> 1                          reporter: 0 -> 2 fails: not 0
//     sends stop to all that are online         state = panicked, with its words, release
//     waits for each to leave `running`         waits for ever; interrupts are masked
//     prints: itself, then all others
#pragma once

#include "arch/contract/panic.hpp"
#include "kern/base/percpu.hpp"
#include "spl/context.hpp"

namespace pivot {

// The top half of Ipi::stop, on every CPU; never returns.
void stop_top_half(TopHalf<Ipl::high> const& context, int& nothing);

// Ends this CPU's part because another one reports; `words` say why it panics itself.
[[noreturn]] void stop_panicked(const char* words, TrapFrame const& frame);

// On the CPU that reports, interrupts masked.
void stop_others();
void print_others();

}  // namespace pivot
