// The benchmark's rows, by what they exercise. Each prints its own records.
#pragma once

#include "spl/context.hpp"
#include "tests/bench/samples.hpp"

namespace pivot::bench {

struct Run {
    u32 samples;
    Samples& store;
};

void local_rows(MayBlock const& context, Run const& run);      // null, spl, mutexes
void interrupt_rows(MayBlock const& context, Run const& run);  // a top half, in and out
void deferred_rows(MayBlock const& context, Run const& run);   // to a bottom half, to a thread
void thread_rows(MayBlock const& context, Run const& run);     // switch, semaphore

}  // namespace pivot::bench
