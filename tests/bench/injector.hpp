// The injector: runs an operation again and again and lets an interrupt arrive at each of its
// instructions in turn, checks the kernel's invariants after each, and keeps the worst latency.
//
// Exact where an instruction is a tick (QEMU -icount, 1 GHz counter): the deadline moves by one
// each time. Elsewhere it is a dense sampling.
#pragma once

#include "kern/pivot/operation.hpp"

namespace pivot::inject {

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
