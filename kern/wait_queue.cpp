#include "kern/wait_queue.hpp"

#include "kern/sched.hpp"

namespace pivot {

[[gnu::noinline]] Thread* WaitQueue::insert(Thread* first, Thread& thread) {
    Thread** place = &first;
    while (*place != nullptr && (*place)->priority_ >= thread.priority_) {
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
    Thread& self = current_thread();
    self.waiting_on_ = this;
    atomic::store_relaxed(&self.state_, ThreadState::blocked);
    unlock(insert(first, self));
    return Scheduler::block_until(context, deadline);
}

}  // namespace pivot
