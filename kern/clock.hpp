// The clock: this CPU's alarm, the callouts that are due, and sleeping until a time.
//
// Who: sleep: threads, not softclock's continuations (intr/bottom_half.hpp). run_due: the softclock
// bottom half. set_alarm: boot, once. Conversions: both.
// Lock order: as kern/callout.hpp; the timer's top half touches nothing here, it only schedules the
// continuation that calls run_due, so it takes as long with a thousand callouts due as with one.
//
// Tickless: each CPU's alarm is set to its soonest callout's deadline when that changes, and to
// kNever when there is none. A CPU whose timer line has a top half needs nothing else to have a
// clock.
#pragma once

#include "kern/callout.hpp"
#include "kern/sched.hpp"

namespace pivot {

class Clock {
  public:
    static constexpr u64 kNever = ~u64{0};  // a deadline that the counter does not reach

    // How a CPU tells its own timer when to fire next; counter ticks, at once if that is past.
    static void set_alarm(void (*alarm)(u64 deadline));

    // Runs this CPU's callouts whose time has come, soonest first, one at a time and with
    // preemption let in between, and sets the alarm for the next.
    static void run_due(MayWake const& context) { Callout::run_due(context); }

    // Sleeps for at least this long.
    static void sleep_ns(MayBlock const& context, u64 nanoseconds);

    // Rounded down; a result that 64 bits do not hold is kNever.
    [[nodiscard]] static u64 ticks_of_ns(u64 nanoseconds);
    [[nodiscard]] static u64 ns_of_ticks(u64 ticks);
    // When at least this long will have passed. Rounded up, and never past kNever.
    [[nodiscard]] static u64 deadline_after_ns(u64 nanoseconds);

  private:
    friend struct CalloutQueue;
    friend class Callout;
    static void alarm_at(u64 deadline);
};

}  // namespace pivot
