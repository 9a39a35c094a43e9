#include "intr/deferral.hpp"

#include "kern/base/assert.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "mutex/park.hpp"

namespace pivot {
namespace {

constinit bool g_panics = false;

// Whether another look is worth while: the owner runs, and it is not yet too long.
class Patience {
  public:
    [[nodiscard]] bool lasts(AdaptiveMutex const& mutex) const {
        Thread const* const owner = mutex.owner();
        return (owner == nullptr || runs_elsewhere(*owner)) && counter() - begun_ < most_;
    }

  private:
    u64 begun_ = counter();
    u64 most_ = Clock::ticks_of_ns(Deferral::kLongestSpinNs);
};

}  // namespace

// -- the top half

Deferral::Outcome Deferral::take_or_defer(u32 intid, AdaptiveMutex& mutex,
                                          LockedContinuation& continuation) {
    PIVOT_ASSERT(&continuation.mutex() == &mutex,
                 "a top half defers to a continuation of another mutex", mutex.name());
    LineInfo& info = line_info(intid);
    if (mutex.take_in_top_half()) {
        ++info.locks_taken;
        return Outcome::taken;
    }
    if (spin(mutex)) {
        ++info.locks_spun;
        return Outcome::taken;
    }
    ++info.locks_deferred;
    if (g_panics) {
        refuse(intid, mutex);
    }
    continuation.attach(intid);
    if (!continuation.claim()) {
        return Outcome::queued;
    }
    continuation.leave();
    (void)continuation.lend_.send_held(this_cpu());
    return Outcome::deferred;
}

bool Deferral::spin(AdaptiveMutex& mutex) {
    for (Patience const patience; patience.lasts(mutex) && !mutex.is_left_to_waiters();) {
        if (mutex.take_in_top_half()) {
            return true;
        }
        cpu_relax();
    }
    return false;
}

void Deferral::refuse(u32 intid, AdaptiveMutex const& mutex) {
    Thread const* const owner = mutex.owner();
    fall_back_to_polling();
    log("line {} '{}' cannot have '{}', owned by '{}', which does not run", intid,
        line_info(intid).name, mutex.name(), owner != nullptr ? name_of(*owner) : "nobody");
    panic("a top half must defer (panic-on-defer)", mutex.name());
}

TopHalfLock::~TopHalfLock() {
    if (is_taken_) {
        mutex_.release_in_top_half();
    }
}

LineEnd TopHalfLock::end() const {
    return is_taken_ || kBugEarlyDeactivation ? LineEnd::deactivate : LineEnd::leave_active;
}

// -- the bottom half

PIVOT_NO_GUARD_ANALYSIS void LockedContinuation::turn(MayBlock const& context,
                                                      LockedContinuation& self) {
    if (!self.obtain(context)) {
        {
            NoPreemption const hold;
            if (!self.claim()) {
                return;  // scheduled again meanwhile: that run will do
            }
            self.leave();
        }
        self.mutex_.lend(context, self.priority());
        return;
    }
    u32 const taken = self.take_lines();
    self.locked_(context, self.object_);
    self.mutex_.unlock(context);
    self.let_go(context, taken);
}

// Not by waiting in the turnstile: the others of this level would wait, too.
PIVOT_NO_GUARD_ANALYSIS bool LockedContinuation::obtain(MayBlock const& context) {
    if (mutex_.try_lock(context)) {
        return true;
    }
    for (Patience const patience; patience.lasts(mutex_);) {
        if (mutex_.try_lock(context)) {
            return true;
        }
        cpu_relax();
    }
    return false;
}

void LockedContinuation::leave() {
    cpu_ = &this_cpu();
    if (!mutex_.leave(*this)) {
        deliver(*cpu_);
    }
}

void deliver_deferred(Link* newest) {
    auto* const last = reinterpret_cast<Link*>(LockedContinuation::kLast);
    Link* oldest = last;
    while (newest != nullptr && newest != last) {
        Link* const older = atomic::load_relaxed(&newest->next);
        atomic::store_relaxed(&newest->next, oldest);
        oldest = newest;
        newest = older;
    }
    while (oldest != last) {
        auto& continuation = static_cast<LockedContinuation&>(static_cast<SoftCall&>(*oldest));
        oldest = atomic::load_relaxed(&continuation.next);
        atomic::store_relaxed(&continuation.next, last);  // the end of the queue that it goes to
        continuation.deliver(*continuation.cpu_);
    }
}

// Too much may be lent: to the next owner, if what this is about has been delivered and something
// else been left meanwhile. It ends with the release.
void LockedContinuation::lend(MayWake const& context, LockedContinuation& self) {
    if constexpr (!kBugNothingLent) {
        self.mutex_.lend(context, self.priority());
    }
}

// -- the lines

void LockedContinuation::attach(u32 intid) {
    if constexpr (kBugEarlyDeactivation) {
        return;
    }
    for (AttachedLine& line : lines_) {
        if (line.keeps(intid)) {
            return;  // a shared line asks several times round
        }
    }
    for (AttachedLine& line : lines_) {
        if (line.attach(intid)) {
            return;
        }
    }
    panic("more lines than kMostLines are deferred to one continuation", mutex_.name());
}

u32 LockedContinuation::take_lines() {
    u32 taken = 0;
    for (u32 i = 0; i < kMostLines; ++i) {
        taken |= lines_[i].take() ? 1u << i : 0;
    }
    return taken;
}

void LockedContinuation::let_go(MayWake const& context, u32 taken) {
    for (u32 i = 0; i < kMostLines; ++i) {
        if ((taken >> i & 1) != 0) {
            lines_[i].let_go(context);
        }
    }
}

bool LockedContinuation::cancel(MayWake const& context) {
    bool const cancelled = Continuation::cancel();
    if (cancelled) {
        let_go(context, take_lines());
    }
    return cancelled;
}

// It may have been left on the mutex: until that is released, once. Whoever waits for that lends.
void LockedContinuation::leave_mutex(MayBlock const& context, Continuation& continuation) {
    if (continuation.is_queued()) {
        AdaptiveGuard const guard(static_cast<LockedContinuation&>(continuation).mutex_, context);
    }
}

void LockedContinuation::cancel_and_wait(MayBlock const& context) {
    end_all(context, &leave_mutex);
    let_go(context, take_lines());
    Continuation::drain(context);  // the calls that let go of them have arrived
}

void LockedContinuation::drain(MayBlock const& context) {
    do {
        leave_mutex(context, *this);
        Continuation::drain(context);
    } while (is_queued());
}

// -- counts

Deferral::Counts Deferral::counts() {
    Counts sum;
    for (u32 i = 0; i < kLineTableSize; ++i) {
        LineInfo const& info = line_info(i);
        sum.taken += info.locks_taken;
        sum.spun += info.locks_spun;
        sum.deferred += info.locks_deferred;
    }
    return sum;
}

void Deferral::panic_on_defer(bool on) { atomic::store_relaxed(&g_panics, on); }

bool Deferral::panics_on_defer() { return atomic::load_relaxed(&g_panics); }

}  // namespace pivot
