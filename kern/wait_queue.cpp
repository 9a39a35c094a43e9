#include "kern/wait_queue.hpp"

#include "kern/sched.hpp"

namespace pivot {

[[gnu::noinline]] Thread* WaitQueue::insert(Thread* first, Thread& thread) {
    Thread** place = &first;
    while (*place != nullptr && (*place)->priority() >= thread.priority()) {
        place = &(*place)->next_;
    }
    thread.next_ = *place;
    *place = &thread;
    return first;
}

Thread* WaitQueue::remove(Thread* first, Thread& thread) {
    Thread** place = &first;
    while (*place != &thread) {
        place = &(*place)->next_;
    }
    *place = thread.next_;
    return first;
}

Thread* WaitQueue::put_in_order(Thread* first, Thread& thread) {
    Thread const* before = nullptr;
    for (Thread const* at = first; at != &thread; at = at->next_) {
        before = at;
    }
    Thread const* const after = thread.next_;
    bool const too_far = before != nullptr && before->priority() < thread.priority();
    bool const too_near = after != nullptr && after->priority() > thread.priority();
    return too_far || too_near ? insert(remove(first, thread), thread) : first;
}

Thread* WaitQueue::take_all(Thread* first) {
    return take_out(first, [](Thread&) { return Visit::take; });
}

void WaitQueue::enter_and_unlock(Thread* first) {
    Thread& self = current_thread();
    self.waiting_on_ = this;
    atomic::store_relaxed(&self.state_, ThreadState::blocked);
    unlock(insert(first, self));
}

void WaitQueue::set_record(void* record) { current_thread().wait_record_ = record; }

void WaitQueue::sleep_and_unlock(MayBlock const&, Thread* first) {
    Thread& self = current_thread();
    self.state_ = ThreadState::blocked;
    self.waiting_on_ = this;
    if (first == nullptr) [[likely]] {
        self.next_ = nullptr;
        unlock(&self);
    } else {
        unlock(insert(first, self));
    }
    Scheduler::block();
}

bool WaitQueue::sleep_until_and_unlock(MayBlock const& context, Thread* first, u64 deadline) {
    enter_and_unlock(first);
    return Scheduler::block_until(context, deadline);
}

}  // namespace pivot
