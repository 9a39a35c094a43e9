// The host stacks of simulated threads.
//
// Who: release_fibers: tests, between two machines. The rest: the interrupt path. Lock order: none.
#pragma once

#include "kern/base/percpu.hpp"

namespace pivot::sim {

// Frees the stacks of all threads of this host thread's machine. None of them may run again.
void release_fibers();

// From interrupt exit, masked, at SPL none: enters the bottom half of the highest level that waits.
// False if it is not at home or has no work. Returns when the interrupted thread goes on.
[[nodiscard]] bool interrupt_to_bottom_half(PerCpu& cpu);

}  // namespace pivot::sim
