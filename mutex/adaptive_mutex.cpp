#include "mutex/adaptive_mutex.hpp"

#include "kern/base/log.hpp"
#include "spl/spl.hpp"

namespace pivot {
namespace {

constexpr u32 kLongestPause = 64;  // pauses between two looks at the word, at most

bool is_past(u64 deadline) { return deadline != kForever && counter() >= deadline; }

}  // namespace

void AdaptiveMutex::refuse_relock() const {
    log("mutex '{}' was locked at {x16} by thread '{}'", name_, locked_at_, name_of(*owner()));
    panic("an adaptive mutex is locked again by its owner", name_);
}

bool AdaptiveMutex::lock_slowly(MayBlock const& context, u64 deadline) {
    for (;;) {
        Thread* const owner = this->owner();
        if (owner == port::Cpu::current()) {
            refuse_relock();
        }
        if (owner == nullptr) {
            if (take_free(context)) {
                return true;
            }
        } else if (runs_elsewhere(*owner)) {
            spin_while_owner_runs(deadline);
        } else {
            NoPreemption const hold;
            if (enter_turnstile(context) && !park_until(context, deadline)) {
                return false;
            }
        }
        if (is_past(deadline)) {
            // Woken in the last moment: we must take it if it is free, for nobody else was woken.
            return take_free(context);
        }
    }
}

void AdaptiveMutex::spin_while_owner_runs(u64 deadline) const {
    for (u32 pause = 1;; pause = pause < kLongestPause ? 2 * pause : pause) {
        for (u32 i = 0; i < pause; ++i) {
            cpu_relax();
        }
        Thread const* const owner = this->owner();
        if (owner == nullptr || !runs_elsewhere(*owner) || is_past(deadline)) {
            return;
        }
    }
}

// Takes the mutex if nobody owns it, and what its waiters lend along with it.
bool AdaptiveMutex::take_free(MayBlock const& context) {
    u64 const seen = atomic::load_relaxed(&word_);
    if ((seen & ~kFlags) != 0) {
        return false;
    }
    if ((seen & kWaiters) == 0) {
        return atomic::replace(&word_, seen, self() | seen);
    }
    SpinGuard const guard(g_turnstiles, context);
    u64 const word = atomic::load_relaxed(&word_);
    if ((word & ~kFlags) != 0 || !atomic::replace(&word_, word, self() | word)) {
        return false;
    }
    if ((word & kWaiters) != 0) {
        Turnstile::adopt(*this, *port::Cpu::current());
    }
    return true;
}

// True: the running thread is in the queue and must park.
bool AdaptiveMutex::enter_turnstile(MayBlock const& context) {
    SpinGuard const guard(g_turnstiles, context);
    u64 const word = atomic::load_relaxed(&word_);
    auto* const owner = reinterpret_cast<Thread*>(word & ~kFlags);
    if (owner == nullptr || runs_elsewhere(*owner)) {
        return false;
    }
    if (!atomic::replace(&word_, word, word | kWaiters)) {
        return false;
    }
    Turnstile::enter(*this, *port::Cpu::current());
    return true;
}

void AdaptiveMutex::unlock_slowly(MayBlock const& context) {
    PIVOT_REQUIRE(owner() == port::Cpu::current(),
                  "an adaptive mutex is unlocked by a thread that does not own it", name_);
    NoPreemption const hold;
    if (Thread* const woken = release_with_waiters(context); woken != nullptr) {
        unpark(*woken);
    }
}

Thread* AdaptiveMutex::release_with_waiters(MayBlock const& context) {
    SpinGuard const guard(g_turnstiles, context);
    Thread* woken = nullptr;
    if (waiters_ != nullptr) {  // the last one may have given up
        woken = &Turnstile::release(*this, *port::Cpu::current());
    }
    atomic::store_release(&word_, waiters_ != nullptr ? kWaiters : u64{0});
    return woken;
}

}  // namespace pivot
