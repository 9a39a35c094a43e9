// AdaptiveMutex: the lock for threads, whose holder may be preempted or sleep.
//
// Who: threads (MayBlock). A top half cannot take it: its overloads are deleted.
// Lock order: before every spin mutex. Among adaptive mutexes, the caller's.
//
// The word is the owner's address, or 0, with bit 0 set while threads wait, and bit 1 while every
// acquisition is to go the slow way and be counted (mutex/lock_info.hpp). Uncontended, lock and
// unlock are one LDXR/STXR pair each; interrupts and preemption stay on throughout. Who finds it
// taken spins, with back-off, while the owner is the current thread of another CPU: it will be done
// soon. Otherwise (the owner sleeps, is preempted, or was interrupted in place and is pinned under
// a bottom half, perhaps under the very code that wants the mutex) it sleeps on the turnstile and
// lends the owner its priority (mutex/turnstile.hpp).
//
// A release with waiters frees the lock, then wakes the first of them, which competes for it like
// anyone: handing it over would make every release a wait for the waiter's next turn, and spinning
// pointless. The waiters bit so stands on a free lock while others still wait; then only the slow
// path takes it, and becomes the one to whom they lend.
//
// Why no wake-up is lost. A waiter and a releasing owner, on two CPUs:
//
//     waiter                                      owner
//     lock turnstiles                             CAS word: self -> 0, release
//     word: free? owner runs? start over            succeeded: no waiter bit was set; done
//     CAS word: owner -> owner|waiters              failed: the bit is set
//       failed: changed meanwhile; start over     lock turnstiles (waits for the waiter's unlock)
//     enter the queue                             take the first waiter out
//     unlock turnstiles                           store word = 0 (or the bit), release
//     switch away                                 unlock turnstiles; wake the waiter: a call to its
//                                                 home CPU, which runs it after the switch
//
// Owner and bit are one word and both sides change it by atomic read-modify-write, so either the
// waiter's CAS comes first and the owner's fails, or the owner's comes first and the waiter's
// fails. Where the word and the bit are two (Solaris, NetBSD), a store-load barrier on either side
// must see to that. What remains is: acquire when taking, release when freeing (what the lock
// guards), and that the waiter is off its stack before it runs again, which its home CPU sees to
// because nothing else runs there before the switch is done. That the owner runs elsewhere is a
// hint only: wrong either way, it costs time. Proved in tests/model/adaptive_mutex.pml.
//
// Top halves have a way of their own (intr/deferral.hpp; mutex/deferred.cpp). One that finds the
// mutex free takes it in the name of the thread that it has interrupted, with bit 3 set: other CPUs
// find an owner that runs, and spin. It releases it before it returns, so nobody of its own CPU
// ever sees it; and since that bit keeps threads out of the turnstile, a top half never has to
// wake one. One that may not wait for the owner leaves a link, a continuation, in `deferred_`, and
// sets bit 2, which sends the release the slow way: it delivers all that has been left.
//
//     top half                                    owner
//     CAS word: owner -> owner|deferred           CAS word: self -> 0: fails, the bit is set
//       failed: look again; free? do not leave it lock turnstiles; clear word, bit included
//     push the link on `deferred_`                list = exchange(deferred_, null)
//     word: is the bit gone?                      deliver all of it
//       list = exchange(deferred_, null)
//       deliver all of it
//
// The push is before the look, the clearing before the exchange, and all CPUs see these in one
// order: either the look finds the bit gone, or the exchange finds the link. Both is well, too.
// While a thread owns it and the bit stands, the owner changes under g_turnstiles only.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/annotations.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/config.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/lock_statistics.hpp"
#include "mutex/park.hpp"
#include "mutex/turnstile.hpp"
#include "spl/context.hpp"

namespace pivot {

class PIVOT_CAPABILITY("adaptive mutex") AdaptiveMutex {
  public:
    constexpr explicit AdaptiveMutex(const char* name)
        : info_(name, LockKind::adaptive, Ipl::none, kCountedBit) {}
    AdaptiveMutex(AdaptiveMutex const&) = delete;
    AdaptiveMutex& operator=(AdaptiveMutex const&) = delete;

    // `Nesting::nested`: another mutex of this name may be owned (mutex/lock_order.hpp).
    void lock(MayBlock const& context, Nesting nesting = Nesting::none) PIVOT_ACQUIRES() {
        assert_may_block(name());  // even if it will not come to that this time
        LockOrder::wants(info_, nesting);
        if constexpr (kBugOneMore) {
            asm volatile("nop");
        }
        if (!port::Cpu::acquire_if_zero(&info_.word, self())) [[unlikely]] {
            (void)lock_slowly(context, kForever);
        }
        LockOrder::taken(info_);
        trace_lock(TraceKind::acquire, info_);
    }

    // Gives up when the counter has reached `deadline`. True: it is ours.
    [[nodiscard]] bool lock_until(MayBlock const& context, u64 deadline) PIVOT_TRIES(true) {
        assert_may_block(name());
        LockOrder::wants(info_);
        if (!port::Cpu::acquire_if_zero(&info_.word, self()) && !lock_slowly(context, deadline)) {
            return false;
        }
        LockOrder::taken(info_);
        trace_lock(TraceKind::acquire, info_);
        return true;
    }

    // Takes it if it is free. Never sleeps, yet it is for those who may: the owner may have to.
    [[nodiscard]] bool try_lock(MayBlock const& context) PIVOT_TRIES(true) {
        if (!port::Cpu::acquire_if_zero(&info_.word, self()) && !try_lock_slowly(context)) {
            return false;
        }
        LockOrder::taken(info_);
        trace_lock(TraceKind::acquire, info_);
        return true;
    }

    // The owner's. Wakes the waiter of the highest priority.
    void unlock(MayBlock const& context) PIVOT_RELEASES() {
        LockOrder::released(info_);
        trace_lock(TraceKind::release, info_);
        if (!atomic::release_replace(&info_.word, self(), u64{0})) [[unlikely]] {
            unlock_slowly(context);
        }
    }

    // In a checked build: panics unless the running thread owns it.
    void assert_held() const {
        PIVOT_ASSERT(owner() == port::Cpu::current(),
                     "an adaptive mutex is not held by the running thread", name());
    }

    template <Ipl L>
    void lock(TopHalf<L> const&) = delete;  // a top half never blocks: it takes spin mutexes only
    template <Ipl L>
    bool lock_until(TopHalf<L> const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    bool try_lock(TopHalf<L> const&) = delete;  // lock_or_defer says what to do if it is taken
    template <Ipl L>
    void unlock(TopHalf<L> const&) = delete;  // a top half never owns an adaptive mutex

    // What reports call it.
    [[nodiscard]] const char* name() const { return info_.name; }
    // Its place in the books.
    [[nodiscard]] LockInfo const& info() const { return info_; }
    // Null: nobody. A top half owns it in the name of the thread that it has interrupted. It may
    // change at once, unless it is the caller.
    [[nodiscard]] Thread* owner() const {
        return reinterpret_cast<Thread*>(atomic::load_relaxed(&info_.word) & ~kFlags);
    }
    // How often a continuation has been left here because the owner did not run.
    [[nodiscard]] u32 deferrals() const { return atomic::load_relaxed(&info_.deferred); }

    // A thread's address has these bits free (kern/thread.hpp).
    static constexpr u64 kFlags = 15;

  private:
    friend struct Turnstile;
    friend class LockedContinuation;
    friend struct Deferral;
    friend class TopHalfLock;

    static constexpr u64 kWaiters = 1;
    static constexpr u32 kCountedBit = 1;
    static constexpr u64 kCounted = u64{1} << kCountedBit;
    static constexpr u64 kDeferred = 4;  // only while it has an owner
    static constexpr u64 kTopHalf = 8;   // owned by a top half that has interrupted the owner

    // By a top half. Not if threads wait, who were there first.
    [[nodiscard]] bool take_in_top_half();
    void release_in_top_half();
    [[nodiscard]] bool is_left_to_waiters() const {
        return (atomic::load_relaxed(&info_.word) & ~kCounted) == kWaiters;
    }
    // Leaves a link here, whose `next` is claimed, until the mutex is released. False: nobody owns
    // it; the link is the caller's. Preemption is held off.
    [[nodiscard]] bool leave(Link& claimed);
    // While a link is left here, the owner has at least this priority.
    void lend(MayWake const& context, u32 priority);

    [[nodiscard]] static u64 self() { return reinterpret_cast<u64>(port::Cpu::current()); }
    [[nodiscard, gnu::noinline]] bool lock_slowly(MayBlock const& context, u64 deadline);
    [[nodiscard, gnu::noinline]] bool try_lock_slowly(MayBlock const& context);
    [[nodiscard]] bool wait_for_it(MayBlock const& context, u64 deadline, LockWait& wait);
    [[nodiscard]] bool is_to_be_counted();
    void unlock_slowly(MayBlock const& context);
    [[nodiscard]] bool take_free(MayBlock const& context);
    [[nodiscard]] u64 spin_while_owner_runs(u64 deadline, u64 most) const;
    [[nodiscard]] bool enter_turnstile(MayBlock const& context, bool anyway);
    struct Released {
        Thread* woken;
        bool deferred;
    };
    [[nodiscard]] Released release_contested(MayBlock const& context);
    void deliver_all();
    void clear_waiters() { atomic::fetch_and(&info_.word, ~kWaiters); }

    LockInfo info_;             // first: its word
    Link* deferred_ = nullptr;  // newest first, the last one's `next` not null
    // Guarded by g_turnstiles.
    u32 lent_ = 0;                             // a priority, for the sake of what is left here
    Thread* waiters_ = nullptr;                // highest priority first
    AdaptiveMutex* next_contested_ = nullptr;  // of the same owner
};

// Holds an adaptive mutex for a scope.
class [[nodiscard]] PIVOT_SCOPED_GUARD AdaptiveGuard {
  public:
    [[nodiscard("an unnamed guard ends at once")]] AdaptiveGuard(AdaptiveMutex& mutex,
                                                                 MayBlock const& context,
                                                                 Nesting nesting = Nesting::none)
        PIVOT_ACQUIRES(mutex)
        : mutex_(mutex), context_(context) {
        mutex_.lock(context_, nesting);
    }
    template <Ipl L>
    AdaptiveGuard(AdaptiveMutex&, TopHalf<L> const&) = delete;  // a top half never blocks
    AdaptiveGuard(AdaptiveGuard const&) = delete;
    AdaptiveGuard& operator=(AdaptiveGuard const&) = delete;
    ~AdaptiveGuard() PIVOT_RELEASES() { mutex_.unlock(context_); }

  private:
    AdaptiveMutex& mutex_;
    MayBlock const& context_;
};

}  // namespace pivot
