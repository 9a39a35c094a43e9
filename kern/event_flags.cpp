#include "kern/event_flags.hpp"

namespace pivot {

bool EventFlags::fulfil(Wish& wish) {
    u64 const found = flags_ & wish.wanted;
    if (found == 0 || (wish.how == How::all && found != wish.wanted)) {
        return false;
    }
    wish.got = found;
    if (wish.consume == Consume::yes) {
        atomic::store_relaxed(&flags_, flags_ & ~found);
    }
    return true;
}

u64 EventFlags::wait(MayBlock const& context, Wish wish, u64 deadline) {
    assert_may_block(name_);
    PIVOT_REQUIRE(wish.wanted != 0, "a wait for no event flag would not end", name_);
    NoPreemption const hold;
    Thread* const first = waiters_.lock();
    if (fulfil(wish)) {
        waiters_.unlock(first);
    } else {
        WaitQueue::set_record(&wish);
        (void)waiters_.sleep_until_and_unlock(context, first, deadline);
    }
    return wish.got;
}

u64 EventFlags::try_wait(Wish wish) {
    NoPreemption const hold;
    Thread* const first = waiters_.lock();
    (void)fulfil(wish);
    waiters_.unlock(first);
    return wish.got;
}

void EventFlags::set(MayWake const&, u64 flags) {
    Spl const old = splraise(Ipl::softserial);
    Thread* first = waiters_.lock();
    atomic::store_relaxed(&flags_, flags_ | flags);
    Thread* const woken = WaitQueue::take_out(first, [this](Thread& waiter) {
        bool const over = fulfil(WaitQueue::record_of<Wish>(waiter));
        return over ? WaitQueue::Visit::take : WaitQueue::Visit::leave;
    });
    waiters_.unlock(first);
    Scheduler::wake_all_and_leave(woken, old);
}

void EventFlags::clear(MayWake const&, u64 flags) {
    NoPreemption const hold;
    Thread* const first = waiters_.lock();
    atomic::store_relaxed(&flags_, flags_ & ~flags);
    waiters_.unlock(first);
}

}  // namespace pivot
