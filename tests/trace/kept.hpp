// What led to one sample: a copy of this CPU's ring, made when the sample comes. Which one: the
// worst so far; or, with "above=N" on the image's command line, the first that takes more than N
// ticks. Recording then stops.
//
// Who: one thread. Lock order: none. Only in images of a traced kernel.
#pragma once

#include "kern/trace/trace.hpp"

namespace pivot::kept {

// Begins anew.
void forget();
// A sample that began and ended then; of equals the first is the worst.
void sample(u64 began, u64 ended);
// Prints it (qemu/trace_events.py): of which sample, and its events, which are none if no sample
// was above. False: there was no sample.
bool dump();

}  // namespace pivot::kept
