// A bounded FIFO of small values between one producer and one consumer, without a lock.
//
// Who: push: the producer alone; pop: the consumer alone; either may be a top half. Several
// producers (or consumers) take turns under a lock of their own. Lock order: none.
//
// Both indices run freely and are reduced on use, so that full (they differ by N) and empty (they
// are equal) are told apart without giving up a slot. Each index has one writer, hence no
// exclusives:
//
//     producer                            consumer
//     head: acquire  (the slot is free)   tail: acquire  (it is there)
//     slot = value                        value = slot
//     tail: release  (publishes it)       head: release  (gives the slot back)
#pragma once

#include "kern/base/atomic.hpp"

namespace pivot {

// Up to N values; N is a power of two.
template <typename T, u32 N>
class Ring {
  public:
    static_assert(N != 0 && (N & (N - 1)) == 0, "a ring's size is a power of two");

    // False if it is full: the value was not taken.
    [[nodiscard]] bool push(T const& value) {
        u32 const tail = atomic::load_relaxed(&tail_);
        if (tail - atomic::load_acquire(&head_) == N) {
            return false;
        }
        slot_[tail % N] = value;
        atomic::store_release(&tail_, tail + 1);
        return true;
    }

    // False if it is empty.
    [[nodiscard]] bool pop(T& value) {
        u32 const head = atomic::load_relaxed(&head_);
        if (atomic::load_acquire(&tail_) == head) {
            return false;
        }
        value = slot_[head % N];
        atomic::store_release(&head_, head + 1);
        return true;
    }

    // Values inside. For the producer an upper bound, for the consumer a lower one.
    [[nodiscard]] u32 size() const {
        return atomic::load_acquire(&tail_) - atomic::load_acquire(&head_);
    }
    // Values that fit in. For the producer a lower bound, for the consumer an upper one.
    [[nodiscard]] u32 room() const { return N - size(); }
    // Whether nothing is inside. The producer can rely on yes, the consumer on no.
    [[nodiscard]] bool empty() const { return size() == 0; }

  private:
    u32 head_ = 0;  // next to pop; written by the consumer
    u32 tail_ = 0;  // next to push; written by the producer
    T slot_[N] = {};
};

// A ring of bytes, such as a driver has yet to send.
template <u32 N>
using ByteRing = Ring<u8, N>;

}  // namespace pivot
