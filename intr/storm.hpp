// Storms: a line that fires beyond a set rate, or that nobody serves, is masked and served by
// polling until it calms.
//
// Who: limit, unlimit: threads (MayBlock). note: dispatch. The rest: the softclock bottom half.
// Lock order: none; what both sides write is written by single stores.
//
// A line that fires as fast as it is served leaves no instruction to any thread of its CPU. A limit
// is opt-in, because counting costs the line some 55 instructions; a line without one pays
// nothing. Interrupts are counted in batches of as many as the limit allows, and only a batch's end
// looks at the time:
//
//     counting   a batch within less than the window, or of which too many were nobody's
//                    -> the top half masks the line, at the controller, and becomes
//     polling    every window / interrupts nanoseconds the line is let in for one interrupt; its
//                top half serves what there is, and masks it again. So the device is served, at the
//                limit, with the same top half, and the CPU has the rest of its time.
//                    -> a whole window in which at most half as many came as allowed:
//     counting   again, unmasked
//
// A burst that begins in one batch and ends in the next is found at the latest after two batches,
// so at most 2 * interrupts - 1 come within a window unnoticed. Other lines are not affected at any
// time: a storm's top half costs each of them what any top half of its level costs.
//
// Masking, unmasking and the owner's disable may meet:
//
//     softclock: poll                           top half, or owner on another CPU
//     is it wanted? enable                      note: came = true; disable
//       (again each poll: what a top half on   disable: wanted = false; disable
//        another CPU masks late is undone)
//     is it still wanted? else disable
//
// A level-triggered line whose device is not quieted is such a line, too: it is asserted still when
// the top half ends. Of a banked line, the limit is that CPU's which set it.
#pragma once

#include "intr/continuation.hpp"
#include "intr/line.hpp"
#include "kern/callout.hpp"

namespace pivot {

// How often a line may fire: beyond that it is masked and polled.
struct LineRate {
    u32 interrupts;             // so many
    u64 window_ns;              // within this time are a storm
    u32 unserved_percent = 90;  // or so many of them that were nobody's, in whatever time
};

// A line's limit: what has been counted, and the poll. One a line; it outlives the limit.
class LineLimit {
  public:
    constexpr LineLimit() = default;
    LineLimit(LineLimit const&) = delete;
    LineLimit& operator=(LineLimit const&) = delete;

    // Whether the line is masked and polled now.
    [[nodiscard]] bool is_polling() const { return atomic::load_acquire(&polling_); }
    // How often it has been polled because it fired too fast, since it was limited.
    [[nodiscard]] u32 storms() const { return atomic::load_relaxed(&storms_); }
    // How often it has been polled because too many of its interrupts were nobody's.
    [[nodiscard]] u32 stuck() const { return atomic::load_relaxed(&stuck_); }
    // How many times it was let in.
    [[nodiscard]] u32 polls() const { return atomic::load_relaxed(&polls_); }

    // Dispatch: the line has fired and its top half is done.
    void note(bool served, TopHalf<Ipl::vm> const& any_level);

  private:
    template <Controller C>
    friend struct LineLimits;
    friend void rest_limit(MayBlock const& context, LineInfo& info);

    struct Controls {
        void (*enable)(u32 intid);
        void (*disable)(u32 intid);
    };

    // A member that is initialised by Continuation::to is no constant for GCC 12.
    struct Report : Continuation {
        constexpr explicit Report(LineLimit& limit)
            : Continuation(Ipl::softclock, function_of<&LineLimit::begin_polling, LineLimit>(),
                           &limit) {}
    };

    void begin(u32 intid, LineRate const& rate, Controls controls);
    void enter(bool stuck, TopHalf<Ipl::vm> const& any_level);
    static void begin_polling(MayBlock const& context, LineLimit& self);
    static void poll(MayWake const& context, LineLimit& self);
    void let_in();
    void calm(MayWake const& context);
    [[nodiscard]] bool may_report();
    // Neither polls nor masks any more until the line fires again; the line is disabled.
    void rest(MayBlock const& context);

    Report report_{*this};
    Callout poll_ = Callout::to<&LineLimit::poll>(*this, "line limit");
    Controls controls_{};
    u32 intid_ = 0;
    u32 cpu_ = 0;
    LineRate rate_{};
    u64 window_ = 0;  // ticks
    // The top half's, while counting.
    u64 since_ = 0;
    u32 count_ = 0;
    u32 unserved_ = 0;
    bool polling_ = false;
    bool came_ = false;      // since the last poll
    bool is_stuck_ = false;  // why it is polled
    // The poll's.
    bool settling_ = false;  // counting again; one more poll, for what was masked late
    u32 polled_ = 0;         // of this window
    u32 found_ = 0;
    u64 reported_ = 0;  // when
    u32 storms_ = 0;
    u32 stuck_ = 0;
    u32 polls_ = 0;
};

// Sets limits to lines, and lifts them. Threads, but no continuation of softclock.
template <Controller C>
struct LineLimits {
    // Limits a line that has been requested, in place of an earlier limit.
    static LineError limit(MayBlock const& context, LineId line, LineLimit& limit,
                           LineRate const& rate) {
        PIVOT_REQUIRE(rate.interrupts != 0 && rate.window_ns >= rate.interrupts,
                      "a line's limit is less than one interrupt a nanosecond");
        LineError const error = unlimit(context, line);
        if (error == LineError::none) {
            limit.begin(line.intid(), rate, {&C::enable, &C::disable});
            NoPreemption const hold;
            return limit_entry(line, &limit);
        }
        return error;
    }

    // Ends a line's limit, if it has one. Not from a continuation of softclock.
    static LineError unlimit(MayBlock const& context, LineId line) {
        if (LineError const error = Lines<C>::check(line); error != LineError::none) {
            return error;
        }
        if (LineLimit* const limit = line_info(line.intid()).limit; limit != nullptr) {
            {
                NoPreemption const hold;
                (void)limit_entry(line, nullptr);
            }
            run_on_cpus(
                context, cpus_of(line), [](u32) {}, line.intid());  // note is over
            limit->rest(context);
            Lines<C>::enable_if_wanted(line);
        }
        return LineError::none;
    }
};

}  // namespace pivot
