// The benchmark's rows, by what they exercise. Each prints its own records.
#pragma once

#include "spl/context.hpp"
#include "tests/bench/samples.hpp"

namespace pivot::bench {

struct Run {
    u32 samples;
    Samples& store;
};

// Samples of the rows that are also curves, without the record.
void take_irq_to_handler(Run const& run);
void take_irq_to_bottom_half(Run const& run);
void take_thread_switch(MayBlock const& context, Run const& run);
// The same, not with one other thread but with all of this priority that are ready; they call
// take_turns.
void take_turns_with_ready(MayBlock const& context, Run const& run);
void take_turns(MayBlock const& context);

// A point of each of their curves, with `x` of what `by` says.
void curve_points(MayBlock const& context, Run const& run, const char* by, u32 x);

void local_rows(MayBlock const& context, Run const& run);      // null, spl, mutexes
void interrupt_rows(MayBlock const& context, Run const& run);  // a top half, in and out
void deferred_rows(MayBlock const& context, Run const& run);   // to a bottom half, to a thread
void thread_rows(MayBlock const& context, Run const& run);     // switch, semaphore
void spl_rows(MayBlock const& context, Run const& run);        // what a raised SPL delays
void system_rows(MayBlock const& context, Run const& run);     // the system-wide SPL
void cross_cpu_rows(MayBlock const& context, Run const& run);  // to another CPU

}  // namespace pivot::bench
