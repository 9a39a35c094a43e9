// What the image `argue` measures. Each prints its own records (qemu/argue.py reads them).
//
// Who: the thread "main". Lock order: none held.
#pragma once

#include "tests/bench/argue_driver.hpp"
#include "tests/bench/samples.hpp"

namespace pivot::bench {

// How long each interrupt waits, from the line's assertion to the device being served, in each
// scenario that this number of CPUs allows, under each model.
void argue_latencies(MayBlock const& context, u32 samples);

// How many bytes of a stream that lasts so long are lost while a thread of lower priority holds the
// driver's lock and computes, and is preempted; for each model, rate and depth.
void argue_losses(MayBlock const& context, u32 milliseconds, bool full);

}  // namespace pivot::bench
