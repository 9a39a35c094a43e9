// The CPUs of a machine, each a host thread: what the thread sanitizer looks at.
#include <chrono>
#include <mutex>
#include <thread>

#include "arch/host/cpu.hpp"
#include "arch/host/fiber.hpp"
#include "arch/host/world.hpp"
#include "kern/base/assert.hpp"

namespace pivot::sim {
namespace {

thread_local Fiber* t_host = nullptr;  // where a CPU's host thread began
thread_local u32 t_points = 0;
std::mutex g_idle;  // guards SimCpu::idle

// Once in so many points a device of the CPU asks.
constexpr u32 kStrike = 7;

u64 now() {
    auto const since = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<u64>(std::chrono::nanoseconds(since).count());
}

}  // namespace

void World::add(SimCpu& cpu, PerCpu& percpu, Thread& first) {
    cpu.world = this;
    cpu.percpu = &percpu;
    cpu.fiber = &fiber_of(&first);
    members_.push_back({&cpu, &first});
}

bool World::strike(bool) {
    bool struck = false;
    for (Device& device : devices_) {
        if (device.cpu == cpu() && device.left != 0 &&
            !device.cpu->controller.lines[device.line].pending()) {
            --device.left;
            SimController::pend(device.cpu->controller, device.line);
            struck = true;
        }
    }
    return struck;
}

bool World::is_far(SimCpu const&, const volatile void*) { return true; }

void World::at_point(SimCpu& here) {
    tell_time(here);
    if (++t_points % kStrike == 0) {
        (void)strike(false);
    }
    if (over_.load(std::memory_order_relaxed)) {
        end(how_);
    }
}

void World::at_wait(SimCpu&) { std::this_thread::yield(); }

// Nothing will happen any more when all CPUs idle with nothing sent and nothing armed. A CPU takes
// what has been sent to it and says that it is awake in one step: who looks at all of them, with
// all of them held where they are, finds either.
void World::at_idle(SimCpu& here) {
    for (;; std::this_thread::yield()) {
        at_point(here);
        std::lock_guard const guard(g_idle);
        collect_requests(here);
        here.idle = !strike(true) && !SimController::is_signalled(here.controller);
        if (!here.idle) {
            return;
        }
        bool quiet = true;
        for (Member const& member : members_) {
            quiet = quiet && member.cpu->idle && member.cpu->sgis.load() == 0 &&
                    member.cpu->deadline == kNever;
        }
        over_ = quiet;
    }
}

void World::start_line(SimCpu&) {
    started_.fetch_add(1, std::memory_order_relaxed);
    while (started_.load(std::memory_order_relaxed) < members_.size()) {
        std::this_thread::yield();
    }
}

void World::send(PerCpu const& target, u32 sgi) {
    for (Member const& member : members_) {
        if (member.cpu->percpu == &target) {
            member.cpu->sgis.fetch_or(1u << sgi, std::memory_order_release);
        }
    }
}

void World::tell_time(SimCpu& here) { here.counter = now(); }

void World::run_member(Member const& member) {
    Fiber host;
    t_host = &host;
    set_cpu(member.cpu);
    port::Cpu::set_this_cpu(member.cpu->percpu);
    go(host, *member.cpu->fiber);
    set_cpu(nullptr);
    port::Cpu::set_this_cpu(nullptr);
}

End World::run() {
    std::vector<std::thread> threads;
    threads.reserve(members_.size());
    for (Member const& member : members_) {
        threads.emplace_back([this, &member] { run_member(member); });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    return how_;
}

void World::end(End how) {
    if (how == End::panicked) {
        std::abort();
    }
    pause_for(*cpu()->fiber, *t_host);
    panic("a machine goes on after its end");
}

}  // namespace pivot::sim
