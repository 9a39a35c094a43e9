// Wait queues: highest priority first, FIFO within one.
//
// Who: threads, with preemption held off by the caller. Lock order: none.
#pragma once

#include "kern/sched.hpp"
#include "mutex/park.hpp"

namespace pivot {

struct WaitList {
    // Sleeps in `queue` until somebody takes this thread out and makes it ready.
    static void sleep(MayBlock const&, WaitQueue& queue) {
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
