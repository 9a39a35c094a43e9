#include "mutex/adaptive_mutex.hpp"

#include "spl/spl.hpp"

namespace pivot {
namespace {

// A bottom half has come in over a thread, and the mutex's owner, who runs, may be spinning for
// what that thread holds: the system-wide SPL. It gives up, sleeps, and the thread goes on.
constexpr u64 kBottomHalfSpins = 4096;
constexpr u32 kLongestPause = 64;  // pauses between two looks at the word, at most

bool is_past(u64 deadline) { return deadline != kForever && counter() >= deadline; }

}  // namespace

// On its first use this enters the mutex into the books.
bool AdaptiveMutex::is_to_be_counted() {
    return (atomic::load_relaxed(&info_.word) & kCounted) != 0 && LockStatistics::begin(info_);
}

bool AdaptiveMutex::lock_slowly(MayBlock const& context, u64 deadline) {
    if (owner() == port::Cpu::current()) {
        LockOrder::fail("an adaptive mutex is locked again by its owner", info_);
    }
    bool const counted = is_to_be_counted();
    LockWait wait;
    if (!take_free(context)) {
        u64 const begun = counter();
        wait.contended = true;
        trace_lock(TraceKind::contend, info_);
        bool const ours = wait_for_it(context, deadline, wait);
        Turnstile::came_to_it(*port::Cpu::current());
        if (!ours) {
            trace_lock(TraceKind::gave_up, info_);
            return false;
        }
        wait.ticks = counter() - begun;
    }
    if (counted) {
        LockStatistics::acquired(info_, wait, reinterpret_cast<uptr>(__builtin_return_address(0)));
    }
    return true;
}

bool AdaptiveMutex::try_lock_slowly(MayBlock const& context) {
    bool const counted = is_to_be_counted();
    if (!take_free(context)) {
        return false;
    }
    if (counted) {
        LockStatistics::acquired(info_, LockWait{},
                                 reinterpret_cast<uptr>(__builtin_return_address(0)));
    }
    return true;
}

bool AdaptiveMutex::wait_for_it(MayBlock const& context, u64 deadline, LockWait& wait) {
    u64 patience = base_spl_of_current() != 0 ? kBottomHalfSpins : ~u64{0};
    for (;;) {
        Thread* const owner = this->owner();
        if (owner == nullptr) {
            if (take_free(context)) {
                return true;
            }
        } else if (patience != 0 && runs_elsewhere(*owner)) {
            u64 const spins = spin_while_owner_runs(deadline, patience);
            patience -= spins < patience ? spins : patience;
            wait.spins += spins;
        } else {
            NoPreemption const hold;
            if (enter_turnstile(context, patience == 0)) {
                wait.slept = true;
                if (!park_until(context, deadline)) {
                    return false;
                }
            }
        }
        if (is_past(deadline)) {
            // Woken in the last moment: we must take it if it is free, for nobody else was woken.
            return take_free(context);
        }
    }
}

u64 AdaptiveMutex::spin_while_owner_runs(u64 deadline, u64 most) const {
    u64 spins = 0;
    for (u32 pause = 1;; pause = pause < kLongestPause ? 2 * pause : pause) {
        for (u32 i = 0; i < pause; ++i) {
            cpu_relax();
        }
        spins += pause;
        Thread const* const owner = this->owner();
        if (owner == nullptr || spins >= most || !runs_elsewhere(*owner) || is_past(deadline)) {
            return spins;
        }
    }
}

// Takes the mutex if nobody owns it, and what its waiters lend along with it.
bool AdaptiveMutex::take_free(MayBlock const& context) {
    for (;;) {
        u64 const seen = atomic::load_relaxed(&info_.word);
        if ((seen & ~kFlags) != 0) {
            return false;
        }
        if ((seen & kWaiters) != 0) {
            break;
        }
        if (atomic::replace(&info_.word, seen, self() | seen)) {
            return true;
        }
    }
    SpinGuard const guard(g_turnstiles, context);
    for (;;) {
        u64 const word = atomic::load_relaxed(&info_.word);
        if ((word & ~kFlags) != 0) {
            return false;
        }
        if (!atomic::replace(&info_.word, word, self() | word)) {
            continue;  // taken meanwhile, or the statistics were switched
        }
        if ((word & kWaiters) != 0) {
            Turnstile::adopt(*this, *port::Cpu::current());
        }
        return true;
    }
}

// True: the running thread is in the queue and must park. `anyway`: though the owner runs.
bool AdaptiveMutex::enter_turnstile(MayBlock const& context, bool anyway) {
    SpinGuard const guard(g_turnstiles, context);
    u64 const word = atomic::load_relaxed(&info_.word);
    auto* const owner = reinterpret_cast<Thread*>(word & ~kFlags);
    if (owner == nullptr || (word & kTopHalf) != 0 || (!anyway && runs_elsewhere(*owner))) {
        return false;
    }
    if (!atomic::replace(&info_.word, word, word | kWaiters)) {
        return false;
    }
    Turnstile::enter(*this, *port::Cpu::current());
    return true;
}

void AdaptiveMutex::unlock_slowly(MayBlock const& context) {
    if (owner() != port::Cpu::current()) {
        LockOrder::fail("an adaptive mutex is unlocked by a thread that does not own it", info_);
    }
    if (info_.since != 0) {
        LockStatistics::released(info_);
    }
    if (atomic::release_replace(&info_.word, self() | kCounted, kCounted)) {
        return;
    }
    NoPreemption const hold;
    auto const [woken, deferred] = release_contested(context);
    if (deferred) {
        deliver_all();
    }
    if (woken != nullptr) {
        unpark(*woken);
    }
}

AdaptiveMutex::Released AdaptiveMutex::release_contested(MayBlock const& context) {
    SpinGuard const guard(g_turnstiles, context);
    Thread* woken = nullptr;
    if (Turnstile::is_contested(*this)) {  // the last waiter may have given up
        woken = Turnstile::release(*this, *port::Cpu::current());
    }
    // Not a store: the statistics may be switched at any time, and a top half leave a link.
    u64 const before =
        atomic::fetch_and(&info_.word, kCounted | (waiters_ != nullptr ? kWaiters : u64{0}));
    return {woken, (before & kDeferred) != 0};
}

}  // namespace pivot
