// What an interrupt can be injected into: a function that the injection campaign runs again and
// again, with the interrupt an instruction later each time (docs/injection.md).
//
// Who: run and check: the thread "main"; also: the injected interrupt's top half. Lock order: none
// held when it begins, none when it ends.
#pragma once

#include "spl/context.hpp"
#include "spl/ipl.hpp"

namespace pivot::inject {

// What the injected interrupt does beside being measured: nothing, or schedule something.
using AlsoDo = void (*)(TopHalf<Ipl::high> const& context);

// It comes back to the state that it began in, whatever it does in between: every thread that it
// wakes has done its part and waits again, every callout has run.
struct Operation {
    const char* name;  // one word, as the tables have it
    // Does it once; meanwhile one interrupt comes, each time an instruction later.
    void (*run)(MayBlock const& context);
    void (*check)() = nullptr;  // beyond the kernel's invariants
    AlsoDo also = nullptr;      // called by the injected top half; null: nothing
    bool in_pairs = false;      // short, and needs no clock: run_pairs takes it, too
    // The operation holds the injected interrupt off, as all below high may be: what it waits is no
    // latency of the kernel's.
    bool held_off = false;
    // It waits for every other CPU: with several, what they execute meanwhile is on the one clock
    // that QEMU's exact mode has, and in the figure.
    bool waits_for_cpus = false;
    bool unconverted = false;  // the injected interrupt's line: it takes the system-wide SPL
    // The injected interrupt's, and in pairs the earlier one's.
    Ipl level = Ipl::high;
    Ipl earlier = Ipl::sched;
};

}  // namespace pivot::inject
