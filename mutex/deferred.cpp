// What top halves do with an adaptive mutex (mutex/adaptive_mutex.hpp; intr/deferral.hpp).
#include "mutex/adaptive_mutex.hpp"

#include "mutex/guard_check.hpp"
#include "spl/spl.hpp"

namespace pivot {

bool AdaptiveMutex::take_in_top_half() {
    u64 const seen = atomic::load_relaxed(&info_.word);
    if ((seen & ~kCounted) != 0 || !atomic::replace(&info_.word, seen, self() | kTopHalf | seen)) {
        return false;
    }
    trace_lock(TraceKind::acquire, info_);
    if constexpr (kChecked) {
        GuardCheck::top_half_took(info_);
    }
    return true;
}

// No waiter has come: they spin for an owner that runs. But a top half that has interrupted this
// one, or that was tired of spinning, may have left something.
void AdaptiveMutex::release_in_top_half() {
    PIVOT_ASSERT(
        (atomic::load_relaxed(&info_.word) & ~(kCounted | kDeferred)) == (self() | kTopHalf),
        "a top half releases an adaptive mutex that it has not taken", name());
    if constexpr (kChecked) {
        GuardCheck::top_half_releases(info_);
    }
    trace_lock(TraceKind::release, info_);
    u64 const before = atomic::fetch_and(&info_.word, kCounted);
    if ((before & kDeferred) != 0) {
        deliver_all();
    }
}

bool AdaptiveMutex::leave(Link& claimed) {
    for (;;) {
        u64 const word = atomic::load_relaxed(&info_.word);
        if ((word & ~kFlags) == 0) {
            return false;
        }
        if ((word & kDeferred) != 0 || atomic::replace(&info_.word, word, word | kDeferred)) {
            break;
        }
    }
    atomic::fetch_add(&info_.deferred, u32{1});
    auto* const last = reinterpret_cast<Link*>(u64{kMark});  // not null: it is claimed
    Link* before = atomic::load_relaxed(&deferred_);
    do {
        atomic::store_relaxed<Link*>(&claimed.next, before != nullptr ? before : last);
    } while (!atomic::release_replace_or_load(&deferred_, before, &claimed));
    if ((atomic::load_in_order(&info_.word) & kDeferred) == 0) {
        deliver_all();
    }
    return true;
}

void AdaptiveMutex::deliver_all() {
    deliver_deferred(atomic::exchange<Link*>(&deferred_, nullptr));
}

void AdaptiveMutex::lend(MayWake const& context, u32 priority) {
    SpinGuard const guard(g_turnstiles, context);
    u64 const word = atomic::load_relaxed(&info_.word);
    // Gone: the link has been delivered. A top half that owns it will be done in a moment.
    if ((word & kDeferred) != 0 && (word & kTopHalf) == 0 && priority > lent_) {
        Turnstile::lend(*this, priority);
    }
}

}  // namespace pivot
