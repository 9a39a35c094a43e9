#include "tests/unit/support/machine.hpp"

#include <new>

#include "arch/host/fiber.hpp"
#include "kern/cpus.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/lock_statistics.hpp"
#include "mutex/turnstile.hpp"
#include "spl/legacy/legacy.hpp"
#include "spl/spl_watch.hpp"
#include "spl/system/system_spl.hpp"

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
    while (link != nullptr && reinterpret_cast<uptr>(link) != kMark) {
        Link* const next = link->next;
        link->next = nullptr;
        link = next;
    }
}

void run_calls(MayBlock const& context, int&) { CrossCall::run_all(context); }
void call_top_half(TopHalf<Ipl::sched> const& context, Continuation& calls) {
    calls.schedule(context);
    CrossCall::announce(context);
}

}  // namespace

PerCpu& cpu_storage(u32 number) { return pivot_percpu[number]; }

void forget_machines() {
    Thread::forget_all();
    LockStatistics::forget();
    LockOrder::reset();
    LockOrder::set_fatal(true);
    SplWatch::reset();
    SystemSpl::reset();
    // a run that was given up may have left it locked
    new (&g_turnstiles) SpinMutex<Ipl::softserial>("turnstiles");
    new (&legacy::sleepers) SpinMutex<Ipl::high>("sleepers");
}

PerCpu& Machine::cpu() { return g_cpu; }

Machine::Machine() : run_calls_(Continuation::to<&run_calls>(Ipl::softserial, nothing_)) {
    forget_machines();
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
    LineId const calls{static_cast<u32>(Ipi::call)};
    EXPECT_EQ(SimLines::request<&call_top_half>(calls, "call", run_calls_), LineError::none);
    EXPECT_EQ(SimLines::enable(calls), LineError::none);
    join_online_set();
    interrupts_enable();
}

void forget_machine(sim::SimCpu& sim) {
    PerCpu& cpu = this_cpu();
    sim.scheduled = false;
    sim.masked = true;
    sim.depth = 0;
    sim.counter = ~u64{0} - 1;
    cpu.spl = held_at(Ipl::high);
    cpu.held = nullptr;
    BootThread::run([](MayBlock const& context) {
        Clock::run_due(context);  // no callout outlives it
    });
    for (u32 i = 0; i < kLineTableSize; ++i) {
        line_info(i) = LineInfo{};
    }
    for (Link& first : cpu.soft_first) {
        empty(first);
    }
}

Machine::~Machine() {
    forget_machine(sim_);
    reset_online_set();
    sim::set_cpu(nullptr);
    port::Cpu::set_this_cpu(nullptr);
    sim::release_fibers();
}

void expect_cpu_at_rest(PerCpu const& cpu, sim::SimCpu const& sim, Thread const& current) {
    sim::Quiet const quiet;
    EXPECT_EQ(cpu.spl, 0u);
    EXPECT_EQ(cpu.held, nullptr);
    EXPECT_EQ(cpu.nesting, 0u);
    EXPECT_EQ(sim.depth, 0u);
    EXPECT_EQ(cpu.attention, 0u);
    EXPECT_EQ(static_cast<u32>(cpu.hardware), 0u);
    EXPECT_TRUE(SimController::is_at_rest(sim.controller, cpu));
    EXPECT_EQ(cpu.current, &current);
    EXPECT_EQ(cpu.standby, nullptr);
    EXPECT_EQ(cpu.threshold, current.priority());
    for (u32 i = 0; i < kSoftLevels; ++i) {
        EXPECT_EQ(cpu.soft_first[i].next, nullptr) << "continuations left in slot " << i;
        EXPECT_EQ(cpu.soft_last[i], &cpu.soft_first[i]);
        EXPECT_NE(cpu.bottom_half[i], nullptr) << "a bottom half has not come back, slot " << i;
    }
}

void Machine::expect_at_rest() { expect_cpu_at_rest(g_cpu, sim_, main_); }

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
