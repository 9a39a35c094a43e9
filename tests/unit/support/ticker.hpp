// The kernel's clock as kern/main.cpp wires it, on the simulated timer.
//
// Who: unit tests. Lock order: none.
#pragma once

#include "tests/unit/support/machine.hpp"

namespace pivot {

class Ticker {
  public:
    [[nodiscard]] u32 runs() const { return line_.count(); }

  private:
    TestContinuation due_{Ipl::softclock, [](auto const& context) { Clock::run_due(context); }};
    TestLine<Ipl::sched> line_{sim::kTimerLine, [this](auto const& context) {
                                   sim::Timer::quiet();
                                   due_.schedule(context);
                                   spl_mark(this_cpu(), attention_byte(Ipl::softclock));
                               }};
};

}  // namespace pivot
