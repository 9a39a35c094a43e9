// Wait queues: highest priority first, FIFO within one. And the run-time side of "may this code block?".
//
// Who: threads, with preemption held off by the caller. Lock order: none.
#pragma once

#include "kern/sched.hpp"
#include "mutex/park.hpp"

namespace pivot {

// Panics, in a checked build, if the running code must not sleep. `what` says what it wanted.
void assert_may_block(const char* what);

struct WaitList {
    // Sleeps in `queue` until somebody takes this thread out and makes it ready.
    static void sleep(MayBlock const&, WaitQueue& queue, const char* what) {
        if constexpr (kChecked) {
            assert_may_block(what);
        }
        insert(queue, current_thread());
        Scheduler::block(ThreadState::blocked);
    }

    static void insert(WaitQueue& queue, Thread& thread) {
        Thread** place = &queue.head;
        while (*place != nullptr && (*place)->priority_ >= thread.priority_) {
            place = &(*place)->next_;
        }
        thread.next_ = *place;
        *place = &thread;
    }

    // The first of a queue that is not empty.
    [[nodiscard]] static Thread& take_first(WaitQueue& queue) {
        Thread& first = *queue.head;
        queue.head = first.next_;
        return first;
    }
};

}  // namespace pivot
