// How a lock puts a thread to sleep: the one interface between mutex/ and the scheduler, which lies
// to its right and implements it (kern/park.cpp).
//
// Who: threads, with preemption held off by the caller. Lock order: none.
#pragma once

#include "kern/base/percpu.hpp"
#include "spl/context.hpp"

namespace pivot {

// Threads that wait for one thing: highest priority first, FIFO within one.
struct WaitQueue {
    Thread* head = nullptr;
    [[nodiscard]] bool empty() const { return head == nullptr; }
};

// What the tokens cannot see: panics, in a checked build, if the running code must not sleep now.
// Before preemption is held off. `what` names the object that it would sleep for.
void check_may_block(const char* what);

inline void assert_may_block(const char* what) {
    if constexpr (kChecked) {
        check_may_block(what);
    }
}

// Sleeps in `queue` until unpark takes this thread out.
void park(MayBlock const& context, WaitQueue& queue);

// Makes the first waiter ready. False if there is none.
bool unpark(WaitQueue& queue);

}  // namespace pivot
