// The injector: runs an operation again and again and lets an interrupt arrive at each of its
// instructions in turn, checks the kernel's invariants after each, and keeps the worst latency.
//
// Exact where an instruction is a tick (QEMU -icount, 1 GHz counter): the deadline moves by one
// each time. Elsewhere it is a dense sampling.
#pragma once

#include "spl/context.hpp"
#include "spl/ipl.hpp"

namespace pivot::inject {

// What the injected interrupt does beside being measured: nothing, or schedule something.
using AlsoDo = void (*)(TopHalf<Ipl::high> const& context);

// It comes back to the state that it began in, whatever it does in between: every thread that it
// wakes has done its part and waits again, every callout has run.
struct Operation {
    const char* name;
    void (*run)(MayBlock const& context);
    void (*check)() = nullptr;  // beyond the kernel's invariants
    AlsoDo also = nullptr;
    bool in_pairs = false;  // short, and needs no clock: run_pairs takes it, too
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

struct Result {
    u32 points = 0;  // interrupts that came while the operation ran
    u32 min = ~u32{0};
    u32 worst = 0;
    uptr worst_pc = 0;      // where the worst one interrupted
    uptr before_worst = 0;  // and the one before it: an instruction earlier, if nothing was masked
    uptr last_pc = 0;

    void count(u32 latency, uptr pc) {
        ++points;
        min = latency < min ? latency : min;
        if (latency > worst) {
            worst = latency;
            worst_pc = pc;
            before_worst = last_pc;
        }
        last_pc = pc;
    }
};

[[nodiscard]] Result run(MayBlock const& context, Operation const& operation);

// The same with a second interrupt, at a lower level, before the one that is measured: the later
// one comes at each of the 1 to `apart` instructions that follow the earlier, and so falls into the
// paths that only an interrupted operation takes. Takes the kernel's clock away: nobody sleeps
// afterwards.
[[nodiscard]] Result run_pairs(MayBlock const& context, Operation const& operation, u32 apart);

}  // namespace pivot::inject
