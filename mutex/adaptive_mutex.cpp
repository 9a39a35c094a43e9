#include "mutex/adaptive_mutex.hpp"

#include "spl/spl.hpp"

namespace pivot {

void AdaptiveMutex::lock_slowly(MayBlock const& context) {
    NoPreemption const hold;
    for (;;) {
        u64 const word = atomic::load_relaxed(&word_);
        PIVOT_REQUIRE((word & ~kWaiters) != self(),
                      "an adaptive mutex is locked again by its owner", name_);
        if ((word & ~kWaiters) == 0) {
            u64 const waiting = waiters_.empty() ? 0 : kWaiters;
            if (atomic::replace(&word_, word, self() | waiting)) {
                return;
            }
        } else if (atomic::replace(&word_, word, word | kWaiters)) {
            park(context, waiters_);
        }
    }
}

void AdaptiveMutex::unlock_slowly() {
    NoPreemption const hold;
    PIVOT_REQUIRE((atomic::load_relaxed(&word_) & ~kWaiters) == self(),
                  "an adaptive mutex is unlocked by a thread that does not own it", name_);
    (void)unpark(waiters_);
    atomic::store_release(&word_, waiters_.empty() ? u64{0} : kWaiters);
}

}  // namespace pivot
