// What led to the worst sample so far: a copy of this CPU's ring, made when the sample comes.
//
// Who: one thread. Lock order: none. Only in images of a traced kernel.
#pragma once

#include "kern/trace/trace.hpp"

namespace pivot::kept {

void forget();
// A sample that began and ended then; the longest since `forget` is kept, the first of equals.
void sample(u64 began, u64 ended);
// Prints it (qemu/trace_events.py). False: there was no sample.
bool dump();

}  // namespace pivot::kept
