#include "tests/unit/support/machine.hpp"

#include <new>

#include "arch/host/fiber.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/lock_statistics.hpp"
#include "spl/spl_watch.hpp"

extern "C" {
constinit pivot::PerCpu pivot_percpu[pivot::kMaxCpus]{};
}

namespace pivot {
namespace {

PerCpu& g_cpu = pivot_percpu[0];

void idle(MayBlock const&, int&) {
    for (;;) {
        cpu_idle();
    }
}

// A test may end with continuations queued: those that outlive it must be schedulable again.
void empty(Link& first) {
    Link* link = first.next;
    while (link != nullptr && reinterpret_cast<uptr>(link) != 1) {
        Link* const next = link->next;
        link->next = nullptr;
        link = next;
    }
}

}  // namespace

// Locks of earlier tests are gone.
void forget_locks() {
    LockStatistics::forget();
    LockOrder::reset();
    LockOrder::set_fatal(true);
    SplWatch::reset();
}

PerCpu& Machine::cpu() { return g_cpu; }

Machine::Machine() {
    forget_locks();
    sim::set_cpu(&sim_);
    new (&g_cpu) PerCpu{};
    port::Cpu::set_this_cpu(&g_cpu);
    SimController::init_distributor();
    SimLines::init_cpu(g_cpu);
    Scheduler::start_cpu(g_cpu, queue_, main_, 0, 0, kMainPriority);
    for (BottomHalf& bottom_half : bottom_halves_) {
        bottom_half.start_here(0, 0);
    }
    EXPECT_EQ(idle_.start_idle<&idle>(idle_stack_, nothing_), ThreadError::none);
    Clock::set_alarm(&sim::Timer::arm);
    interrupts_enable();
}

Machine::~Machine() {
    sim_.scheduled = false;
    sim_.masked = true;
    sim_.depth = 0;
    sim_.counter = ~u64{0} - 1;
    g_cpu.spl = held_at(Ipl::high);
    g_cpu.held = nullptr;
    run([](MayBlock const& context) { Clock::run_due(context); });  // no callout outlives it
    for (u32 i = 0; i < kLineTableSize; ++i) {
        line_info(i) = LineInfo{};
    }
    for (Link& first : g_cpu.soft_first) {
        empty(first);
    }
    sim::set_cpu(nullptr);
    port::Cpu::set_this_cpu(nullptr);
    sim::release_fibers();
}

void Machine::expect_at_rest() {
    sim::Quiet const quiet;
    EXPECT_EQ(g_cpu.spl, 0u);
    EXPECT_EQ(g_cpu.held, nullptr);
    EXPECT_EQ(g_cpu.nesting, 0u);
    EXPECT_EQ(sim_.depth, 0u);
    EXPECT_EQ(g_cpu.attention, 0u);
    EXPECT_EQ(static_cast<u32>(g_cpu.hardware), 0u);
    EXPECT_EQ(sim_.controller.mask, SimController::kIdlePriority);
    EXPECT_TRUE(sim_.controller.running.empty());
    EXPECT_EQ(g_cpu.current, &main_);
    EXPECT_EQ(g_cpu.standby, nullptr);
    EXPECT_EQ(g_cpu.threshold, kMainPriority);
    for (u32 i = 0; i < kSoftLevels; ++i) {
        EXPECT_EQ(g_cpu.soft_first[i].next, nullptr) << "continuations left in slot " << i;
        EXPECT_EQ(g_cpu.soft_last[i], &g_cpu.soft_first[i]);
        EXPECT_NE(g_cpu.bottom_half[i], nullptr) << "a bottom half has not come back, slot " << i;
    }
}

u64 for_each_point(std::function<bool(u64)> const& once) {
    constexpr u64 kTooMany = 1'000'000;
    for (u64 n = 0; n < kTooMany; ++n) {
        sim::set_seed(n);
        if (!once(n) || ::testing::Test::HasFailure()) {
            return n;
        }
    }
    ADD_FAILURE() << "the operation does not end";
    return kTooMany;
}

}  // namespace pivot
