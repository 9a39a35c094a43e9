#include "arch/host/sim_cpu.hpp"

#include <thread>

#include "arch/host/world.hpp"
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
    collect_requests(cpu);
    if (cpu.scheduled) {
        cpu.schedule(cpu.points++);
    }
}

// Time passes, and perhaps this CPU's turn with it.
void let_others_run(SimCpu& here) {
    {
        Quiet const quiet;
        here.world->at_point(here);
    }
    collect_requests(here);
}

}  // namespace

// Behind a call: a thread that goes on upon another host thread's CPU must not use the address that
// it found upon the first.
[[gnu::noinline]] SimCpu* cpu() {
    asm volatile("");
    return t_cpu;
}
void set_cpu(SimCpu* cpu) { t_cpu = cpu; }

void collect_requests(SimCpu& cpu) {
    if (cpu.sgis.load(std::memory_order_relaxed) != 0) {
        u32 const sgis = cpu.sgis.exchange(0, std::memory_order_acquire);
        for (u32 sgi = 0; sgi < 16; ++sgi) {
            if ((sgis >> sgi & 1) != 0) {
                SimController::pend(cpu.controller, sgi);
            }
        }
    }
    watch_timer(cpu);
}

void point() {
    SimCpu* here = cpu();
    if (here == nullptr || here->quiet != 0) {
        return;
    }
    if (here->world != nullptr) {
        let_others_run(*here);
    } else if (!here->masked) {
        let_time_pass(*here);
    }
    while (!here->masked && SimController::is_signalled()) {
        take_interrupt();
        here = cpu();  // the thread may have gone to another
    }
}

void far_point() {
    if (SimCpu* const here = cpu(); here != nullptr) {
        here->far = true;
        point();
    }
}

void access_point(const volatile void* address) {
    SimCpu* const here = t_cpu;
    if (here != nullptr && (here->scheduled || here->access_points)) {
        here->far = here->world != nullptr && World::is_far(*here, address);
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
    if (SimCpu* const here = cpu(); here != nullptr) {
        here->masked = masked;
        point();  // unmasking takes what has waited
    }
}

bool on_interrupt_stack() {
    SimCpu const* const here = cpu();
    return here != nullptr && here->depth != 0;
}

u64 counter() {
    SimCpu* const here = cpu();
    if (here != nullptr && here->world != nullptr) {
        here->world->tell_time(*here);
    }
    return here != nullptr ? here->counter : 0;
}

void advance(u64 ticks) { cpu()->counter += ticks; }

void relax() {
    point();
    SimCpu* const here = cpu();
    if (here == nullptr) {
        std::this_thread::yield();  // the holder of what we spin for needs a host CPU
    } else if (here->world != nullptr && here->quiet == 0) {
        Quiet const quiet;
        here->world->at_wait(*here);
    }
}

void idle() {
    SimCpu& here = *cpu();
    if (here.world != nullptr) {
        Quiet const quiet;
        here.world->at_idle(here);
    } else if (!SimController::is_signalled()) {
        PIVOT_REQUIRE(here.deadline != kNever, "every thread waits and nothing is armed");
        here.counter = here.deadline > here.counter ? here.deadline : here.counter;
    }
    point();
}

void Timer::arm(u64 deadline) {
    Quiet const quiet;
    cpu()->deadline = deadline;
    watch_timer(*cpu());
}

void Timer::quiet() { arm(kNever); }

}  // namespace pivot::sim
