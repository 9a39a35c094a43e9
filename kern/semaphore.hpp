// Counting semaphore.
//
// Who: as each operation says. A top half posts by scheduling a continuation that posts.
// Lock order: none held while waiting; usable under any adaptive mutex, not under a spin mutex.
#pragma once

#include "kern/sched.hpp"

namespace pivot {

class Semaphore {
  public:
    constexpr explicit Semaphore(const char* name, u32 count = 0) : count_(count), name_(name) {}
    Semaphore(Semaphore const&) = delete;
    Semaphore& operator=(Semaphore const&) = delete;

    // Takes one, sleeping until there is one.
    void wait(MayBlock const& context) {
        assert_may_block(name_);
        Spl const old = splraise(Ipl::softserial);
        Thread* const first = waiters_.lock();
        if (count_ != 0) {
            --count_;
            waiters_.unlock(first);
        } else {
            waiters_.sleep_and_unlock(context, first);  // a post gives its one to whom it wakes
        }
        splx(old);
    }

    // The same until `deadline` (counter ticks) at the latest. False: none by then.
    [[nodiscard]] bool wait_until(MayBlock const& context, u64 deadline) {
        assert_may_block(name_);
        NoPreemption const hold;
        Thread* const first = waiters_.lock();
        if (count_ != 0) {
            --count_;
            waiters_.unlock(first);
            return true;
        }
        return waiters_.sleep_until_and_unlock(context, first, deadline);
    }

    // Takes one if there is one.
    [[nodiscard]] bool try_wait(MayWake const&) {
        NoPreemption const hold;
        Thread* const first = waiters_.lock();
        bool const have = count_ != 0;
        count_ -= have ? 1 : 0;
        waiters_.unlock(first);
        return have;
    }

    // Adds one, or gives it to the first waiter. A waiter of higher priority whose home is this CPU
    // runs before this returns.
    void post(MayWake const&) {
        Spl const old = splraise(Ipl::softserial);
        Thread* first;
        if (!waiters_.try_lock(first)) [[unlikely]] {
            post_slowly(old);
        } else {
            post_locked(first, old);
        }
    }

    template <Ipl L>
    void wait(TopHalf<L> const&) = delete;  // a top half never blocks: it schedules a continuation
    template <Ipl L>
    bool wait_until(TopHalf<L> const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    bool try_wait(TopHalf<L> const&) = delete;  // the count is guarded against threads only
    template <Ipl L>
    void post(TopHalf<L> const&) = delete;  // a top half schedules a continuation that posts

    // As of now.
    [[nodiscard]] u32 count() const { return atomic::load_relaxed(&count_); }
    [[nodiscard]] bool has_waiters() const { return waiters_.has_waiters(); }

  private:
    void post_locked(Thread* first, Spl old) {
        if (first == nullptr) {
            ++count_;
            waiters_.unlock(nullptr);
            splx(old);
        } else {
            waiters_.unlock_without(*first);
            Scheduler::wake_and_leave(*first, old);
        }
    }
    [[gnu::noinline]] void post_slowly(Spl old) { post_locked(waiters_.lock(), old); }

    WaitQueue waiters_;  // its lock guards the count
    u32 count_;
    const char* name_;
};

}  // namespace pivot
