// The order within a wait queue, and the run-time side of "may this code block?".
//
// Who: threads, with preemption held off. Lock order: none.
#pragma once

#include "kern/thread.hpp"
#include "mutex/park.hpp"

namespace pivot {

// Panics, in a checked build, if the running code must not sleep. `what` says what it wanted.
void assert_may_block(const char* what);

struct WaitList {
    static void insert(WaitQueue& queue, Thread& thread);
    [[nodiscard]] static Thread* take_first(WaitQueue& queue);
};

}  // namespace pivot
