#include "kern/message_queue.hpp"

namespace pivot {

// What a waiter's record is: where its message is to be read from, or written to.
struct SendRecord {
    const void* message;
};
struct ReceiveRecord {
    void* message;
};

void MessageQueueBase::put(const void* message) {
    u32 const end = oldest_ + count_;
    u32 const place = end < room_ ? end : end - room_;
    __builtin_memcpy(ring_ + usize{place} * size_, message, size_);
    atomic::store_relaxed(&count_, count_ + 1);
}

void MessageQueueBase::take(void* message) {
    __builtin_memcpy(message, ring_ + usize{oldest_} * size_, size_);
    oldest_ = oldest_ + 1 < room_ ? oldest_ + 1 : 0;
    atomic::store_relaxed(&count_, count_ - 1);
}

bool MessageQueueBase::sends(Thread* first, const void* message, Spl old) {
    if (count_ == room_) {
        return false;
    }
    if (count_ != 0 || first == nullptr) {
        put(message);
        waiters_.unlock(first);
        splx(old);
        return true;
    }
    __builtin_memcpy(WaitQueue::record_of<ReceiveRecord>(*first).message, message, size_);
    waiters_.unlock_without(*first);
    Scheduler::wake_and_leave(*first, old);
    return true;
}

bool MessageQueueBase::receives(Thread* first, void* message, Spl old) {
    if (count_ == 0) {
        return false;
    }
    take(message);
    if (first == nullptr) {
        waiters_.unlock(nullptr);
        splx(old);
        return true;
    }
    put(WaitQueue::record_of<SendRecord>(*first).message);
    waiters_.unlock_without(*first);
    Scheduler::wake_and_leave(*first, old);
    return true;
}

MessageError MessageQueueBase::send_bytes(MayBlock const& context, const void* message,
                                          u64 deadline) {
    assert_may_block(name_);
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (sends(first, message, old)) {
        return MessageError::none;
    }
    SendRecord record{message};
    WaitQueue::set_record(&record);
    bool const sent = waiters_.sleep_until_and_unlock(context, first, deadline);
    splx(old);
    return sent ? MessageError::none : MessageError::timed_out;
}

MessageError MessageQueueBase::try_send_bytes(const void* message) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (sends(first, message, old)) {
        return MessageError::none;
    }
    waiters_.unlock(first);
    splx(old);
    return MessageError::full;
}

MessageError MessageQueueBase::receive_bytes(MayBlock const& context, void* message, u64 deadline) {
    assert_may_block(name_);
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (receives(first, message, old)) {
        return MessageError::none;
    }
    ReceiveRecord record{message};
    WaitQueue::set_record(&record);
    bool const received = waiters_.sleep_until_and_unlock(context, first, deadline);
    splx(old);
    return received ? MessageError::none : MessageError::timed_out;
}

MessageError MessageQueueBase::try_receive_bytes(void* message) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    if (receives(first, message, old)) {
        return MessageError::none;
    }
    waiters_.unlock(first);
    splx(old);
    return MessageError::empty;
}

}  // namespace pivot
