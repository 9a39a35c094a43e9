// A volley: while something long runs once, an interrupt at its start and then another one every so
// many ticks. Run again and again with the start one tick later, it hits what a single shot a run
// (injector.hpp) could not in a lifetime.
//
// Who: the thread "main". Lock order: none. Each interrupt delays what it interrupts, so a volley's
// later interrupts do not fall a stride apart in the code; over all starts they fall everywhere.
#pragma once

#include "tests/bench/injector.hpp"
#include "tests/bench/timer_line.hpp"

namespace pivot::inject {

class Volley {
  public:
    explicit Volley(u64 stride) : stride_(stride), line_(*this) {}

    // The first interrupt comes at `first`, which lies ahead.
    void begin(u64 first);
    void end();

    [[nodiscard]] Result const& result() const { return result_; }

  private:
    // Inlined into the line's entry: a branch to it would count as latency.
    [[gnu::always_inline]] static void hit(TopHalf<Ipl::high> const&, Volley& volley) {
        u64 const now = PhysicalTimer::now();  // first: this is the latency
        u64 pc;
        asm volatile("mrs %0, elr_el1" : "=r"(pc));  // nothing nests over the highest level
        if (!volley.active_) {
            PhysicalTimer::quiet();
            return;
        }
        volley.result_.count(static_cast<u32>(now - volley.deadline_), pc);
        volley.deadline_ = now + volley.stride_;
        PhysicalTimer::arm(volley.deadline_);
    }

    u64 const stride_;
    u64 deadline_ = 0;
    volatile bool active_ = false;
    Result result_;
    bench::TimerLine<&Volley::hit, Volley> line_;
};

}  // namespace pivot::inject
