// Wait queues: the threads that wait for one thing, highest priority first, FIFO within one.
//
// Who: threads, with preemption held off; a top half has no business here.
// Lock order: a wait queue's lock is taken after every mutex, holds for a few instructions (longer
// by the length of the queue when a thread is put in) and never around another queue's.
//
// One word: the first waiter's address, with bit 0 as the lock. So taking the lock and finding out
// whether anybody waits is one exclusive pair, and putting the rest of the queue back unlocks it:
//
//     Thread* first = queue.lock();
//     ... first == nullptr: nobody waits; count, set a flag, and queue.unlock(nullptr)
//     ... else  queue.unlock_without(*first); Scheduler::wake_and_leave(*first, old_spl);
//
// Whoever wakes several takes them out first (take_out), unlocks, and then wakes them in their
// order: Scheduler::wake_all_and_leave. What a waiter waits for, and what it is given, lies in a
// record on its stack, which the queue's lock guards as long as it is in.
//
// It guards the object around it, too: a semaphore's count, a condition's generation. Not FIFO
// among CPUs, unlike a spin mutex: two CPUs meet here for ten instructions, not for a critical
// section.
//
// A waiter leaves the queue once, taken out under the lock by whoever wakes it, by its timeout, or
// by a change of its priority that puts it in elsewhere. `state_` tells which: it is `blocked` as
// long as the thread is in. Its place is that of its effective priority, whatever the run queues
// would say: who is suspended or is to move keeps his.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"
#include "mutex/park.hpp"
#include "spl/context.hpp"

namespace pivot {

class WaitQueue {
  public:
    constexpr WaitQueue() = default;
    WaitQueue(WaitQueue const&) = delete;
    WaitQueue& operator=(WaitQueue const&) = delete;

    // Returns the first waiter, or null. Preemption is held off until it is unlocked.
    [[nodiscard]] Thread* lock() {
        u64 word;
        if (!port::Cpu::try_lock_word(&word_, word)) [[unlikely]] {
            word = port::Cpu::lock_word(&word_);
        }
        return reinterpret_cast<Thread*>(word);
    }
    // False if that means to wait for another CPU. For a function that calls itself in tail
    // position then, with lock(): the fast path has no stack frame.
    [[nodiscard]] bool try_lock(Thread*& first) {
        u64 word;
        bool const locked = port::Cpu::try_lock_word(&word_, word);
        first = reinterpret_cast<Thread*>(word);
        return locked;
    }
    // Unlocks; `first` is the first waiter from now on, or null.
    void unlock(Thread* first) { atomic::store_release(&word_, reinterpret_cast<u64>(first)); }

    // The lock is held and `first` is what lock() returned. Takes the first waiter out, to be woken
    // by the caller, and unlocks.
    void unlock_without(Thread& first);
    // The same, but keeps the lock; returns the new first waiter.
    [[nodiscard]] static Thread* remove_first(Thread& first);

    // What becomes of a waiter: it is taken out, it stays, or it and all behind it stay.
    enum class Visit : u8 { take, leave, stop };
    // Takes out each waiter for which `visit(Thread&)` says so, highest priority first, until it
    // says stop, and returns them, linked in this order; `first` becomes the first that stays.
    template <typename Visitor>
    [[nodiscard]] static Thread* take_out(Thread*& first, Visitor&& visit);
    // All of them.
    [[nodiscard]] static Thread* take_all(Thread* first);

    // Puts the current thread in and unlocks. It must block soon, and may release on the way what
    // keeps away those who will wake it: they find it in.
    void enter_and_unlock(Thread* first);

    // What the current thread will wait with, and what a waiter that is in waits with.
    static void set_record(void* record);
    template <typename Record>
    [[nodiscard]] static Record& record_of(Thread const& waiter);

    // Puts the current thread in, unlocks and sleeps until it is woken.
    void sleep_and_unlock(MayBlock const& context, Thread* first);
    // The same until `deadline` (counter ticks) at the latest. False: nobody has woken it by then.
    [[nodiscard]] bool sleep_until_and_unlock(MayBlock const& context, Thread* first, u64 deadline);

    // Somebody waits, as far as one can know without the lock.
    [[nodiscard]] bool has_waiters() const { return (atomic::load_relaxed(&word_) & ~u64{1}) != 0; }

  private:
    friend class Scheduler;  // timeouts and changes of priority

    [[nodiscard]] static Thread* insert(Thread* first, Thread& thread);
    [[nodiscard]] static Thread* remove(Thread* first, Thread& thread);
    // Elsewhere, if its priority is no longer that of its place.
    [[nodiscard]] static Thread* put_in_order(Thread* first, Thread& thread);

    u64 word_ = 0;
};

}  // namespace pivot
