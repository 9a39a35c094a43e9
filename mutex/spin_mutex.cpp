#include "mutex/spin_mutex.hpp"

#include "mutex/lock_statistics.hpp"

namespace pivot {
namespace {

// The word's fields (spin_mutex.hpp).
constexpr u64 kLocked = 1;
constexpr u64 kCounted = u64{1} << 32;
constexpr u32 kServing = 33;
constexpr u32 kNext = 49;
constexpr u32 kTicketMask = 0x7fff;  // as many can wait; bit 48 is always 0
constexpr u64 kOneTicket = u64{1} << kNext;

constexpr u32 serving(u64 word) { return static_cast<u32>(word >> kServing) & kTicketMask; }
constexpr u32 next_ticket(u64 word) { return static_cast<u32>(word >> kNext) & kTicketMask; }
constexpr bool is_free(u64 word) { return static_cast<u32>(word) == 0; }

// The word when its queue's head takes the lock.
constexpr u64 taken_by_head(u64 word) {
    u64 const base = kLocked | (word & kCounted);
    u32 const now_serving = (serving(word) + 1) & kTicketMask;
    if (now_serving == next_ticket(word)) {
        return base;  // nobody is left: the queue reads 0 again
    }
    return base | u64{now_serving} << kServing | u64{next_ticket(word)} << kNext;
}

}  // namespace

bool SpinMutexBase::is_held_here() const {
    for (SpinMutexBase const* held = last_held(this_cpu()); held != nullptr;
         held = held->previous()) {
        if (held == this) {
            return true;
        }
    }
    return false;
}

// On its first use this enters the lock into the books.
inline bool SpinMutexBase::is_to_be_counted(u64 word) {
    return (word & kCounted) != 0 && LockStatistics::begin(info_);
}

inline bool SpinMutexBase::take_if_unwanted() {
    for (;;) {
        u64 const word = atomic::load_relaxed(&info_.word);
        if ((word & ~kCounted) != 0) {
            return false;
        }
        if (atomic::replace(&info_.word, word, word | kLocked)) {
            return true;
        }
    }
}

// Returns how often it looked in vain.
inline u64 SpinMutexBase::wait_in_turn() {
    trace_lock(TraceKind::contend, info_);
    u32 const mine = next_ticket(atomic::fetch_add(&info_.word, kOneTicket));
    for (u64 spins = 0;;) {
        u64 const word = atomic::load_relaxed(&info_.word);
        if (serving(word) != mine || !is_free(word)) {
            ++spins;
            wait_for_change(&info_.word, word);
        } else if (atomic::replace(&info_.word, word, taken_by_head(word))) {
            return spins;
        }
    }
}

// It is ours, and counted: into the chain with the tag, and into the statistics.
void SpinMutexBase::enter_counted(LockWait const& wait, uptr caller) {
    this_cpu().held = reinterpret_cast<SpinMutexBase*>(reinterpret_cast<uptr>(this) | kTag);
    LockStatistics::acquired(info_, wait, caller);
}

void SpinMutexBase::lock_slowly(SpinMutexBase* previous) {
    this_cpu().held = previous;  // not ours yet: what interrupts us must not take it for held
    // Held by this CPU, it would never be freed: the holder is below us on this very stack.
    if (previous != nullptr && is_held_here()) {
        LockOrder::fail("a spin mutex is taken twice by its CPU", info_);
    }
    if (is_to_be_counted(atomic::load_relaxed(&info_.word))) [[unlikely]] {
        lock_counted(reinterpret_cast<uptr>(__builtin_return_address(0)));
        return;
    }
    if (!take_if_unwanted()) {
        (void)wait_in_turn();
    }
    this_cpu().held = this;
}

void SpinMutexBase::lock_counted(uptr caller) {
    LockWait wait;
    u64 const begun = counter();
    if (!take_if_unwanted()) {
        wait.contended = true;
        wait.spins = wait_in_turn();
        wait.ticks = counter() - begun;
    }
    enter_counted(wait, caller);
}

bool SpinMutexBase::try_lock_slowly(SpinMutexBase* previous, u64 saved) {
    this_cpu().held = previous;
    bool const counted = is_to_be_counted(atomic::load_relaxed(&info_.word));
    if (!take_if_unwanted()) {
        lower(previous, saved);
        return false;
    }
    if (counted) {
        enter_counted(LockWait{}, reinterpret_cast<uptr>(__builtin_return_address(0)));
    } else {
        this_cpu().held = this;
    }
    return true;
}

void SpinMutexBase::unlock_slowly() {
    SpinMutexBase* later = last_held(this_cpu());
    if (later == this) {
        LockStatistics::released(info_);
        pop(previous_, saved_spl_);
        return;
    }
    while (later != nullptr && later->previous() != this) {
        later = later->previous();
    }
    if (later == nullptr) {
        LockOrder::fail("a spin mutex is released that is not held", info_);
    }
    if (is_tagged(later->previous_)) {
        LockStatistics::released(info_);
    }
    later->previous_ = previous_;
    later->saved_spl_ = saved_spl_;  // the SPL falls when the last of them is released
    release_word();
}

}  // namespace pivot
