// Errands: what only a certain CPU may do, done there while the caller waits.
//
// Who: threads and bottom halves that may block. Lock order: nothing is held while it waits.
//
// The function runs at thread level, in a cross call. So when `run_on_cpus` returns, whatever top
// half was running on those CPUs when it was called is over: it doubles as the barrier between
// "from now on the line does not come" and "its top half runs nowhere":
//
//     CPU 0: release                            CPU 1, where the line is dispatched
//                                               ... the top half runs
//     disable it at the controller              ...
//     send the errand: SGI                      ...
//     wait                                      the top half returns; exit attends to the call
//                                               the errand runs: no top half can be under it
//     go on: what the top half used may go
#pragma once

#include "kern/cpus.hpp"
#include "spl/context.hpp"

namespace pivot {

// Calls `function(intid)` on each CPU of a set, one after the other.
void run_on_cpus(MayBlock const& context, u64 cpus, void (*function)(u32 intid), u32 intid);

}  // namespace pivot
