#include "kern/condition.hpp"

namespace pivot {

PIVOT_NO_GUARD_ANALYSIS bool Condition::wait_until(MayBlock const& context, AdaptiveMutex& mutex,
                                                   u64 deadline) {
    assert_may_block(name_);
    mutex.assert_held();
    bool signalled;
    {
        NoPreemption const hold;
        waiters_.enter_and_unlock(waiters_.lock());
        mutex.unlock(context);
        signalled = Scheduler::block_until(context, deadline);
    }
    mutex.lock(context);
    return signalled;
}

void Condition::signal(MayWake const&) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (first == nullptr) {
        waiters_.unlock(nullptr);
        splx(old);
    } else {
        waiters_.unlock_without(*first);
        Scheduler::wake_and_leave(*first, old);
    }
}

void Condition::broadcast(MayWake const&) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const all = WaitQueue::take_all(waiters_.lock());
    waiters_.unlock(nullptr);
    Scheduler::wake_all_and_leave(all, old);
}

}  // namespace pivot
