// AdaptiveMutex: the lock for threads, whose holder may be preempted or sleep.
//
// Who: threads (MayBlock). A top half cannot take it: its overloads are deleted.
// Lock order: before every spin mutex. Among adaptive mutexes, the caller's.
//
// The word is the owner's address, or 0, with bit 0 set while threads wait. Uncontended, lock and
// unlock are one LDXR/STXR pair each; interrupts and preemption stay on throughout.
//
// A release with waiters frees the lock and wakes the first of them, which then competes for it.
// (Handing the lock over directly would make every release to a lower-priority waiter a wait for
// its next turn.) The waiters bit may so stand on a free lock: word == kWaiters; only the slow path
// takes it then. One CPU: the owner of a lock that we find taken is not running, so there is nobody
// to spin for yet.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "mutex/park.hpp"
#include "spl/context.hpp"

namespace pivot {

class AdaptiveMutex {
  public:
    constexpr explicit AdaptiveMutex(const char* name) : name_(name) {}
    AdaptiveMutex(AdaptiveMutex const&) = delete;
    AdaptiveMutex& operator=(AdaptiveMutex const&) = delete;

    void lock(MayBlock const& context) {
        assert_may_block(name_);  // even if it will not come to that this time
        if (!port::Cpu::acquire_if_zero(&word_, self())) [[unlikely]] {
            lock_slowly(context);
        }
    }

    [[nodiscard]] bool try_lock(MayBlock const&) {
        return port::Cpu::acquire_if_zero(&word_, self());
    }

    void unlock(MayBlock const&) {
        if (!atomic::release_replace(&word_, self(), u64{0})) [[unlikely]] {
            unlock_slowly();
        }
    }

    template <Ipl L>
    void lock(TopHalf<L> const&) = delete;  // a top half never blocks: it takes spin mutexes only
    template <Ipl L>
    bool try_lock(TopHalf<L> const&) = delete;  // the owner would be the interrupted thread
    template <Ipl L>
    void unlock(TopHalf<L> const&) = delete;  // a top half never owns an adaptive mutex

    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] Thread* owner() const {
        return reinterpret_cast<Thread*>(atomic::load_relaxed(&word_) & ~kWaiters);
    }

  private:
    static constexpr u64 kWaiters = 1;

    [[nodiscard]] static u64 self() { return reinterpret_cast<u64>(port::Cpu::current()); }
    void lock_slowly(MayBlock const& context);
    void unlock_slowly();

    u64 word_ = 0;
    WaitQueue waiters_;
    const char* name_;
};

// Holds an adaptive mutex for a scope.
class [[nodiscard]] AdaptiveGuard {
  public:
    [[nodiscard("an unnamed guard ends at once")]] AdaptiveGuard(AdaptiveMutex& mutex,
                                                                 MayBlock const& context)
        : mutex_(mutex), context_(context) {
        mutex_.lock(context_);
    }
    template <Ipl L>
    AdaptiveGuard(AdaptiveMutex&, TopHalf<L> const&) = delete;  // a top half never blocks
    AdaptiveGuard(AdaptiveGuard const&) = delete;
    AdaptiveGuard& operator=(AdaptiveGuard const&) = delete;
    ~AdaptiveGuard() { mutex_.unlock(context_); }

  private:
    AdaptiveMutex& mutex_;
    MayBlock const& context_;
};

}  // namespace pivot
