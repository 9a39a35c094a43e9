// EventFlags: 64 flags that threads wait for, any or all of several.
//
// Who: as each operation says. A top half sets by scheduling a continuation that sets.
// Lock order: none held while waiting; usable under any adaptive mutex, not under a spin mutex.
//
// A flag stays set until somebody clears it: by clear, or by a wait that *consumes* what it waited
// for, in one step with finding it set. A set looks at the waiters highest priority first and wakes
// each whose wait is over; one that consumes leaves those behind it only what it has not waited
// for. So a flag that one set has raised ends the wait of any number of threads that do not
// consume, and of one that does.
//
// The steps of a set are the number of waiters, not of those that it wakes: what each waits for is
// its own. Objects with many waiters for different things are better split.
#pragma once

#include "kern/sched.hpp"

namespace pivot {

// What becomes of the flags that ended a wait.
enum class Consume : bool { no, yes };

class EventFlags {
  public:
    constexpr explicit EventFlags(const char* name, u64 flags = 0) : flags_(flags), name_(name) {}
    EventFlags(EventFlags const&) = delete;
    EventFlags& operator=(EventFlags const&) = delete;

    // Sleep until at least one, or each, of `wanted` is set; return those of `wanted` that are.
    // `wanted` is not 0.
    u64 wait_any(MayBlock const& context, u64 wanted, Consume consume = Consume::no) {
        return wait(context, {wanted, 0, How::any, consume}, kForever);
    }
    u64 wait_all(MayBlock const& context, u64 wanted, Consume consume = Consume::no) {
        return wait(context, {wanted, 0, How::all, consume}, kForever);
    }

    // The same until `deadline` (counter ticks) at the latest. 0: not by then, and nothing is
    // consumed.
    [[nodiscard]] u64 wait_any_until(MayBlock const& context, u64 wanted, u64 deadline,
                                     Consume consume = Consume::no) {
        return wait(context, {wanted, 0, How::any, consume}, deadline);
    }
    [[nodiscard]] u64 wait_all_until(MayBlock const& context, u64 wanted, u64 deadline,
                                     Consume consume = Consume::no) {
        return wait(context, {wanted, 0, How::all, consume}, deadline);
    }

    // The same without sleeping. 0: not now.
    [[nodiscard]] u64 try_any(MayWake const&, u64 wanted, Consume consume = Consume::no) {
        return try_wait({wanted, 0, How::any, consume});
    }
    [[nodiscard]] u64 try_all(MayWake const&, u64 wanted, Consume consume = Consume::no) {
        return try_wait({wanted, 0, How::all, consume});
    }

    // Sets flags and wakes whoever waits for what is now there. Threads and bottom halves.
    void set(MayWake const& context, u64 flags);
    // Clears flags. Threads and bottom halves.
    void clear(MayWake const& context, u64 flags);

    template <Ipl L>
    u64 wait_any(TopHalf<L> const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    u64 wait_all(TopHalf<L> const&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    u64 try_any(TopHalf<L> const&, u64) = delete;  // the flags are guarded against threads only
    template <Ipl L>
    u64 try_all(TopHalf<L> const&, u64) = delete;  // the flags are guarded against threads only
    template <Ipl L>
    void set(TopHalf<L> const&, u64) = delete;  // a top half schedules a continuation that sets
    template <Ipl L>
    void clear(TopHalf<L> const&, u64) = delete;  // a top half schedules a continuation that clears

    // As of now.
    [[nodiscard]] u64 flags() const { return atomic::load_relaxed(&flags_); }
    // What a panic calls it.
    [[nodiscard]] const char* name() const { return name_; }

  private:
    enum class How : u8 { any, all };
    struct Wish {
        u64 wanted;
        u64 got;
        How how;
        Consume consume;
    };

    u64 wait(MayBlock const& context, Wish wish, u64 deadline);
    [[nodiscard]] u64 try_wait(Wish wish);
    // With the queue's lock held.
    [[nodiscard]] bool fulfil(Wish& wish);

    WaitQueue waiters_;  // its lock guards the flags
    u64 flags_;
    const char* name_;
};

}  // namespace pivot
