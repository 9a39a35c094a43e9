// Waits that end at a deadline at the latest: the thread's callout takes it out of what it waits
// in, unless somebody has done so before.
//
// Kept apart from sched.cpp because nothing here is on the way of a wake-up without a deadline.
#include "kern/sched.hpp"

namespace pivot {

// Woken on another CPU just now? Then the mutex is ours to try for.
bool Scheduler::give_up_mutex(Thread& thread) {
    bool gave_up = false;
    ThreadStart::with_token([&](MayWake const& context) {
        SpinGuard const guard(g_turnstiles, context);
        gave_up = Turnstile::give_up(thread);
    });
    return gave_up;
}

bool Scheduler::block_until(MayBlock const& context, u64 deadline) {
    Thread& self = current_thread();
    if (deadline == kForever) {
        block();
        return true;
    }
    self.timed_out_ = false;
    self.timeout_.arm(context, deadline);
    block();
    if (self.timed_out_) {
        return false;
    }
    // Running on another CPU, that we have come from, it must not find us in our next wait.
    while (self.timeout_.cancel(context) == Cancelled::running) {
        cpu_relax();
    }
    return true;
}

bool Scheduler::block_apart_until(MayBlock const& context, ThreadState state, u64 deadline) {
    Thread& self = current_thread();
    self.waiting_on_ = nullptr;
    self.state_ = state;  // its home CPU alone looks at it, and not before the switch
    return block_until(context, deadline);
}

// From the thread's callout. That may be on another CPU than its home: a callout that is armed
// while its function still runs stays where it is, and a thread that its function has made ready
// may have moved and be in its next wait by then.
void Thread::time_is_over(MayWake const&, Thread& thread) {
    NoPreemption const hold;
    Scheduler::timed_out(thread);
}

void Scheduler::timed_out(Thread& thread) {
    if (thread.state() == ThreadState::sleeping) {
        thread.timed_out_ = true;
        wake(thread);
        return;
    }
    if (thread.state() != ThreadState::blocked) {
        return;  // woken already, and perhaps on its way here
    }
    bool over = false;
    if (WaitQueue* const queue = thread.waiting_on_; queue != nullptr) {
        Thread* first = queue->lock();
        over = thread.state() == ThreadState::blocked;
        if (over) {
            first = WaitQueue::remove(first, thread);
            // Its home, which may be another CPU, must not look for it in there any more.
            atomic::store_relaxed(&thread.state_, ThreadState::ready);
        }
        queue->unlock(first);
    } else {
        over = give_up_mutex(thread);
    }
    if (over) {
        thread.timed_out_ = true;
        wake(thread);
    }
}

void Scheduler::sleep_until(MayBlock const& context, u64 deadline) {
    assert_may_block("sleep");
    NoPreemption const hold;
    (void)block_apart_until(context, ThreadState::sleeping, deadline);
}

}  // namespace pivot
