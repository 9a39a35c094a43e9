// An interrupt at every instruction of an operation, one run of the operation for each.
//
// In exact mode (qemu/run.py --exact) an instruction is a tick of the counter, so moving the
// timer's deadline by one moves the interrupt by one instruction. The walk ends when the interrupt
// comes only after the operation is over.
#pragma once

#include "tests/target/probes.hpp"

namespace pivot::test {

struct Injector {
    void (*at)(Here const&) = nullptr;  // more for the top half to do
    volatile u32 fired = 0;
    volatile bool over = false;  // the operation had ended when it came
    volatile bool came_after = false;
    volatile u64 pc = 0;     // where the interrupted thread was
    bool covered[512] = {};  // instructions of [first, first + 512) that were interrupted
    uptr first = 0;

    void note_pc() {
        u64 sp;
        asm volatile("mrs %0, sp_el0" : "=r"(sp));
        pc = reinterpret_cast<InterruptFrame const*>(sp)->elr;
        u64 const index = (pc - first) / 4;
        if (first != 0 && index < 512) {
            covered[index] = true;
        }
    }
};

inline constinit Injector injector;

template <Ipl L>
void injector_top_half(TopHalf<L> const& context, Injector& self) {
    PhysicalTimer::quiet();
    self.fired = self.fired + 1;
    self.came_after = self.over;
    if (self.at != nullptr) {
        self.at(Here(context));
    }
}

template <Ipl L>
void start_injector() {
    CHECK(BoardLines::request<&injector_top_half<L>>(Board::kPhysicalTimerLine, "injector",
                                                     injector) == LineError::none);
    CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
}

inline void stop_injector() {
    CHECK(BoardLines::release(Board::kPhysicalTimerLine) == LineError::none);
    injector.at = nullptr;
}

// Longer than any operation here: an interrupt that has not come by then is lost.
inline constexpr u64 kLostAfter = 40'000;

// Runs `operation` and then `invariants`, once for each instruction at which the timer can
// interrupt it. Returns how many those were.
template <typename Operation, typename Invariants>
u32 at_every_instruction(Operation&& operation, Invariants&& invariants) {
    for (u32 delay = 1;; ++delay) {
        CHECK(delay < kLostAfter);
        injector.fired = 0;
        injector.over = false;
        u64 const deadline = PhysicalTimer::now() + delay;
        PhysicalTimer::arm(deadline);
        operation();
        injector.over = true;
        while (injector.fired == 0 && PhysicalTimer::now() < deadline + kLostAfter) {
        }
        if (injector.fired != 1) {
            fail(__FILE_NAME__, __LINE__, "armed {} ticks ahead, the line fired {} times", delay,
                 injector.fired);
        }
        invariants();
        if (injector.came_after) {
            return delay;
        }
    }
}

}  // namespace pivot::test
