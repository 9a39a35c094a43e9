#include "kern/pool.hpp"

namespace pivot {

// What a waiter's record is: where it looks for its block.
struct PoolRecord {
    void* block;
};

void* PoolBase::take() {
    if (available_ == 0) {
        return nullptr;
    }
    atomic::store_relaxed(&available_, available_ - 1);
    u32 index;
    if (first_ != 0) {
        index = first_ - 1u;
        first_ = links_[index];
    } else {
        index = fresh_++;
    }
    links_[index] = kOut;
    return static_cast<u8*>(blocks_) + index * size_;
}

void* PoolBase::allocate_block(MayBlock const& context, u64 deadline) {
    assert_may_block(name_);
    NoPreemption const hold;
    Thread* const first = waiters_.lock();
    if (void* const block = take(); block != nullptr) {
        waiters_.unlock(first);
        return block;
    }
    PoolRecord record{nullptr};
    WaitQueue::set_record(&record);
    (void)waiters_.sleep_until_and_unlock(context, first, deadline);
    return record.block;
}

void* PoolBase::try_allocate_block() {
    NoPreemption const hold;
    Thread* const first = waiters_.lock();
    void* const block = take();
    waiters_.unlock(first);
    return block;
}

void PoolBase::check_is_out(const void* block) const {
    usize const offset = reinterpret_cast<uptr>(block) - reinterpret_cast<uptr>(blocks_);
    PIVOT_ASSERT(offset < number_ * size_ && offset % size_ == 0,
                 "a pool gets back what is no block of its", name_);
    PIVOT_ASSERT(links_[offset / size_] == kOut, "a pool's block is freed that is not out", name_);
}

void PoolBase::free_block(void* block) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const first = waiters_.lock();
    check_is_out(block);
    if (first != nullptr) {
        WaitQueue::record_of<PoolRecord>(*first).block = block;
        waiters_.unlock_without(*first);
        Scheduler::wake_and_leave(*first, old);
        return;
    }
    usize const offset = reinterpret_cast<uptr>(block) - reinterpret_cast<uptr>(blocks_);
    usize const index = offset / size_;
    links_[index] = first_;
    first_ = static_cast<PoolLink>(index + 1);
    atomic::store_relaxed(&available_, available_ + 1);
    waiters_.unlock(nullptr);
    splx(old);
}

}  // namespace pivot
