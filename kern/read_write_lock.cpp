#include "kern/read_write_lock.hpp"

namespace pivot {
namespace {

Sharing sharing_of(bool reads) { return reads ? Sharing::with_readers : Sharing::none; }

}  // namespace

bool ReadWriteLock::enters(Wish wish, Thread const* first) const {
    if (writer_ != nullptr || (wish == Wish::write && readers_ != 0)) {
        return false;
    }
    return first == nullptr || first->priority() < current_thread().priority();
}

void ReadWriteLock::admit(Wish wish, Thread& thread) {
    if (wish == Wish::read) {
        atomic::store_relaxed(&readers_, readers_ + 1);
    } else {
        atomic::store_relaxed(&writer_, &thread);
    }
}

// Those at the head of the queue whom the lock lets in now.
Thread* ReadWriteLock::admit_waiters(Thread*& first) {
    return WaitQueue::take_out(first, [this](Thread& waiter) {
        Wish const wish = WaitQueue::record_of<Wish>(waiter);
        if (writer_ != nullptr || (wish == Wish::write && readers_ != 0)) {
            return WaitQueue::Visit::stop;
        }
        admit(wish, waiter);
        return WaitQueue::Visit::take;
    });
}

// The queue's lock is held.
void ReadWriteLock::let_in_and_leave(Thread* first, Spl old) {
    Thread* const admitted = admit_waiters(first);
    waiters_.unlock(first);
    Scheduler::wake_all_and_leave(admitted, old);
}

bool ReadWriteLock::lock(MayBlock const& context, Wish wish, u64 deadline) {
    assert_may_block(name());
    LockOrder::wants(info_);
    PIVOT_REQUIRE(writer() != &current_thread(),
                  "a reader/writer lock is locked again by its writer", name());
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (enters(wish, first)) {
        admit(wish, current_thread());
        waiters_.unlock(first);
        splx(old);
    } else {
        trace_lock(TraceKind::contend, info_);
        WaitQueue::set_record(&wish);
        if (!waiters_.sleep_until_and_unlock(context, first, deadline)) {
            trace_lock(TraceKind::gave_up, info_);
            let_in_and_leave(waiters_.lock(), old);  // whom only we have kept out
            return false;
        }
        splx(old);  // who let us in has made us a holder
    }
    LockOrder::taken(info_, sharing_of(wish == Wish::read));
    trace_lock(TraceKind::acquire, info_);
    return true;
}

bool ReadWriteLock::try_lock(Wish wish) {
    {
        NoPreemption const hold;
        Thread* const first = waiters_.lock();
        bool const entered = enters(wish, first);
        if (entered) {
            admit(wish, current_thread());
        }
        waiters_.unlock(first);
        if (!entered) {
            return false;
        }
    }
    LockOrder::taken(info_, sharing_of(wish == Wish::read));
    trace_lock(TraceKind::acquire, info_);
    return true;
}

void ReadWriteLock::unlock_read(MayBlock const&) {
    LockOrder::released(info_);
    trace_lock(TraceKind::release, info_);
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    PIVOT_REQUIRE(readers_ != 0, "a reader/writer lock that nobody reads under is released",
                  name());
    atomic::store_relaxed(&readers_, readers_ - 1);
    let_in_and_leave(first, old);
}

void ReadWriteLock::unlock_write(MayBlock const&) {
    PIVOT_REQUIRE(writer() == &current_thread(),
                  "a reader/writer lock is released by a thread that is not its writer", name());
    LockOrder::released(info_);
    trace_lock(TraceKind::release, info_);
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    atomic::store_relaxed<Thread*>(&writer_, nullptr);
    let_in_and_leave(first, old);
}

}  // namespace pivot
