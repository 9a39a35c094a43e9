// Counting semaphore.
//
// Who: threads, bottom halves among them. A top half posts by scheduling a continuation that posts.
// Lock order: none held while waiting; usable under any adaptive mutex, not under a spin mutex.
#pragma once

#include "kern/sched.hpp"
#include "kern/wait.hpp"

namespace pivot {

class Semaphore {
  public:
    constexpr explicit Semaphore(const char* name, u32 count = 0) : count_(count), name_(name) {}
    Semaphore(Semaphore const&) = delete;
    Semaphore& operator=(Semaphore const&) = delete;

    // Takes one, sleeping until there is one.
    void wait(MayBlock const& context) {
        assert_may_block(name_);
        NoPreemption const hold;
        if (count_ != 0) {
            --count_;
            return;
        }
        WaitList::sleep(context, waiters_);  // a post gives its one to the thread that it wakes
    }

    [[nodiscard]] bool try_wait(MayBlock const&) {
        NoPreemption const hold;
        if (count_ == 0) {
            return false;
        }
        --count_;
        return true;
    }

    // Adds one, or gives it to the first waiter. A waiter of higher priority runs before this
    // returns.
    void post(MayBlock const&) {
        Spl const old = splraise(Ipl::softserial);
        if (waiters_.empty()) {
            ++count_;
            splx(old);
        } else {
            Scheduler::ready_and_leave(WaitList::take_first(waiters_), old);
        }
    }

    template <Ipl L>
    void wait(TopHalf<L> const&) = delete;  // a top half never blocks: it schedules a continuation
    template <Ipl L>
    bool try_wait(TopHalf<L> const&) = delete;  // the count is guarded against threads only
    template <Ipl L>
    void post(TopHalf<L> const&) = delete;  // a top half schedules a continuation that posts

    [[nodiscard]] u32 count() const { return count_; }

  private:
    u32 count_;
    WaitQueue waiters_;
    const char* name_;
};

}  // namespace pivot
