#include "arch/host/sim_cpu.hpp"

#include <thread>

#include "kern/base/assert.hpp"

namespace pivot::sim {
namespace {

constinit thread_local SimCpu* t_cpu = nullptr;

void watch_timer(SimCpu& cpu) {
    bool const due = cpu.counter >= cpu.deadline;
    if (due != cpu.controller.lines[kTimerLine].asserted) {
        due ? SimController::assert_line(kTimerLine) : SimController::deassert_line(kTimerLine);
    }
}

void let_time_pass(SimCpu& cpu) {
    Quiet const quiet;
    ++cpu.counter;
    PIVOT_REQUIRE(++cpu.all_points < kRunaway, "the simulated machine gets nowhere");
    watch_timer(cpu);
    if (cpu.scheduled) {
        cpu.schedule(cpu.points++);
    }
}

}  // namespace

SimCpu* cpu() { return t_cpu; }
void set_cpu(SimCpu* cpu) { t_cpu = cpu; }

void point() {
    SimCpu* const cpu = t_cpu;
    if (cpu == nullptr || cpu->masked || cpu->quiet != 0) {
        return;
    }
    let_time_pass(*cpu);
    while (!cpu->masked && SimController::is_signalled()) {
        take_interrupt(*cpu);
    }
}

void access_point() {
    if (t_cpu != nullptr && t_cpu->scheduled) {
        point();
    }
}

Schedule::Schedule(std::function<void(u64)> decide) {
    cpu()->points = 0;
    cpu()->schedule = std::move(decide);
    cpu()->scheduled = true;
}

Schedule::~Schedule() { cpu()->scheduled = false; }

void set_masked(bool masked) {
    if (t_cpu != nullptr) {
        t_cpu->masked = masked;
        point();  // unmasking takes what has waited
    }
}

bool on_interrupt_stack() { return t_cpu != nullptr && t_cpu->depth != 0; }

u64 counter() { return t_cpu != nullptr ? t_cpu->counter : 0; }

void advance(u64 ticks) { t_cpu->counter += ticks; }

void relax() {
    point();
    if (t_cpu == nullptr) {
        std::this_thread::yield();  // the holder of what we spin for needs a host CPU
    }
}

void idle() {
    SimCpu& cpu = *t_cpu;
    if (!SimController::is_signalled()) {
        PIVOT_REQUIRE(cpu.deadline != ~u64{0}, "every thread waits and nothing is armed");
        cpu.counter = cpu.deadline > cpu.counter ? cpu.deadline : cpu.counter;
    }
    point();
}

void Timer::arm(u64 deadline) {
    Quiet const quiet;
    t_cpu->deadline = deadline;
    watch_timer(*t_cpu);
}

void Timer::quiet() { arm(~u64{0}); }

}  // namespace pivot::sim
