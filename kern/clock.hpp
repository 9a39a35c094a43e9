// Sleeping until a time. One list of sleepers a CPU, soonest first.
//
// Who: sleep: threads, not softclock's continuations (intr/bottom_half.hpp). wake_due: the
// softclock bottom half. set_alarm: boot.
// Lock order: runs with preemption held off; the timer's top half touches nothing here, it only
// schedules the continuation that calls wake_due.
//
// Tickless: the alarm is set to the soonest sleeper's deadline, and off when nobody sleeps.
#pragma once

#include "kern/sched.hpp"

namespace pivot {

class Clock {
  public:
    // How the board's timer is told when to fire next; counter ticks.
    static void set_alarm(void (*alarm)(u64 deadline));

    // Sleeps for at least this long.
    static void sleep_ns(MayBlock const& context, u64 nanoseconds);

    // Wakes every thread whose time has come and sets the alarm for the next.
    static void wake_due();

    [[nodiscard]] static u64 ticks_of_ns(u64 nanoseconds);
    [[nodiscard]] static u64 ns_of_ticks(u64 ticks);

  private:
    friend class Scheduler;
    static void insert(Thread& thread);
};

}  // namespace pivot
