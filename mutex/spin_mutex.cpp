#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

// The word's fields.
constexpr u64 kLocked = 1;
constexpr u32 kServing = 32;
constexpr u32 kNext = 48;
constexpr u64 kOneTicket = u64{1} << kNext;

constexpr u16 serving(u64 word) { return static_cast<u16>(word >> kServing); }
constexpr u16 next_ticket(u64 word) { return static_cast<u16>(word >> kNext); }

// The word when its queue's head takes the lock.
constexpr u64 taken_by_head(u64 word) {
    u16 const now_serving = static_cast<u16>(serving(word) + 1);
    if (now_serving == next_ticket(word)) {
        return kLocked;  // nobody is left: the queue reads 0 again
    }
    return kLocked | u64{now_serving} << kServing | u64{next_ticket(word)} << kNext;
}

}  // namespace

bool SpinMutexBase::is_held_here() const {
    for (SpinMutexBase const* held = this_cpu().held; held != nullptr; held = held->previous_) {
        if (held == this) {
            return true;
        }
    }
    return false;
}

void SpinMutexBase::wait_in_turn(SpinMutexBase* previous) {
    this_cpu().held = previous;  // not ours yet: what interrupts us must not take it for held
    // Held by this CPU, it would never be freed: the holder is below us on this very stack.
    PIVOT_REQUIRE(!is_held_here(), "a spin mutex is taken twice by its CPU", name_);
    u16 const mine = next_ticket(atomic::fetch_add(&word_, kOneTicket));
    for (;;) {
        u64 const word = atomic::load_relaxed(&word_);
        if (serving(word) == mine && static_cast<u32>(word) == 0 &&
            atomic::replace(&word_, word, taken_by_head(word))) {
            this_cpu().held = this;
            return;
        }
        cpu_relax();
    }
}

void SpinMutexBase::unlock_out_of_order(PerCpu& cpu) {
    SpinMutexBase* later = cpu.held;
    PIVOT_REQUIRE(later != nullptr, "a spin mutex is released that is not held", name_);
    while (later->previous_ != this) {
        later = later->previous_;
        PIVOT_REQUIRE(later != nullptr, "a spin mutex is released that is not held", name_);
    }
    later->previous_ = previous_;
    later->saved_spl_ = saved_spl_;  // the SPL falls when the last of them is released
    release_word();
}

}  // namespace pivot
