// The CPUs of a machine, taking turns on one host thread.
#include "arch/host/world.hpp"

#include <utility>

#include "arch/host/cpu.hpp"
#include "arch/host/fiber.hpp"
#include "kern/base/assert.hpp"

namespace pivot::sim {
namespace {

// A CPU that has had so many points in a row lets another one go on: what spins without saying so
// (no cpu_relax) must not keep away the one it waits for.
constexpr u64 kFair = 5000;

void become(SimCpu& cpu) {
    set_cpu(&cpu);
    port::Cpu::set_this_cpu(cpu.percpu);
}

// Would the CPU leave WFI?
bool wakes(SimCpu const& cpu, u64 now) {
    return cpu.sgis.load(std::memory_order_relaxed) != 0 || cpu.deadline <= now ||
           SimController::is_signalled(cpu.controller);
}

}  // namespace

void World::add(SimCpu& cpu, PerCpu& percpu, Thread& first) {
    cpu.world = this;
    cpu.percpu = &percpu;
    cpu.fiber = &fiber_of(&first);
    cpu.access_points = true;
    members_.push_back({&cpu, &first});
}

u32 World::number_of(SimCpu const& cpu) const {
    for (u32 i = 0; i < members_.size(); ++i) {
        if (members_[i].cpu == &cpu) {
            return i;
        }
    }
    panic("a simulated CPU belongs to another machine");
}

u32 World::ready(u64 now) const {
    u32 set = 0;
    for (u32 i = 0; i < members_.size(); ++i) {
        SimCpu const& cpu = *members_[i].cpu;
        set |= (!cpu.idle || wakes(cpu, now) ? 1u : 0u) << i;
    }
    return set;
}

// The devices ask: those that the chooser picks, or all that have not asked often enough. A line
// that is still pending is let alone: each time counts.
bool World::strike(bool all) {
    bool struck = false;
    for (Device& device : devices_) {
        auto& controller = SimController::home_of(device.cpu->controller, device.line);
        if (device.left != 0 && !controller.lines[device.line].pending() &&
            (all || chooser_->strikes())) {
            --device.left;
            SimController::pend(controller, device.line);
            struck = true;
        }
    }
    return struck;
}

void World::switch_to(SimCpu& here, u32 next) {
    since_ = 0;
    SimCpu& to = *members_[next].cpu;
    if (&to == &here) {
        return;
    }
    to.counter = here.counter;
    to.fiber->runs.store(true, std::memory_order_relaxed);
    become(to);
    pause_for(*here.fiber, *to.fiber);
}

bool World::is_far(SimCpu const& here, const volatile void* address) {
    auto const within = [at = reinterpret_cast<uptr>(address)](const void* first, usize size) {
        return at - reinterpret_cast<uptr>(first) < size;
    };
    if (within(here.percpu, sizeof(PerCpu))) {
        return within(&here.percpu->calls, sizeof(here.percpu->calls)) ||
               within(&here.percpu->current, sizeof(here.percpu->current));
    }
    return !within(here.fiber->bottom, here.fiber->size);
}

void World::at_point(SimCpu& here) {
    bool const far = std::exchange(here.far, false);
    ++here.counter;
    if (started_ < members_.size()) {
        return;
    }
    if (++points_ == limit_) {
        end(End::runaway);
    }
    far_points_ += far ? 1 : 0;
    (void)strike(false);
    u32 const number = number_of(here);
    u32 const others = ready(here.counter) & ~(1u << number);
    if (++since_ >= kFair && others != 0) {
        switch_to(here, chooser_->instead_of(number, others));
    } else {
        switch_to(here, chooser_->next(number, others, far));
    }
}

void World::at_wait(SimCpu& here) {
    u32 const number = number_of(here);
    if (u32 const others = ready(here.counter) & ~(1u << number); others != 0) {
        switch_to(here, chooser_->instead_of(number, others));
    }
}

void World::at_idle(SimCpu& here) {
    u32 const number = number_of(here);
    here.idle = true;
    for (;;) {
        collect_requests(here);
        if (SimController::is_signalled(here.controller)) {
            break;
        }
        if (u32 const others = ready(here.counter) & ~(1u << number); others != 0) {
            switch_to(here, chooser_->instead_of(number, others));
            continue;
        }
        if (strike(true)) {
            continue;
        }
        u64 soonest = kNever;
        for (Member const& member : members_) {
            soonest = member.cpu->deadline < soonest ? member.cpu->deadline : soonest;
        }
        if (soonest == kNever || soonest <= here.counter) {
            end(End::quiet);  // nothing is armed, or what is armed is not let through
        }
        here.counter = soonest;
    }
    here.idle = false;
}

void World::start_line(SimCpu& here) {
    u32 const next = started_.fetch_add(1) + 1;
    if (next < members_.size()) {
        switch_to(here, next);
    }
}

void World::send(PerCpu const& target, u32 sgi) {
    for (Member const& member : members_) {
        if (member.cpu->percpu == &target) {
            member.cpu->sgis.fetch_or(1u << sgi, std::memory_order_release);
        }
    }
}

void World::tell_time(SimCpu&) {}

End World::run() {
    Fiber host;
    host_ = &host;
    become(*members_[0].cpu);
    members_[0].cpu->fiber->runs.store(true, std::memory_order_relaxed);
    pause_for(host, *members_[0].cpu->fiber);
    set_cpu(nullptr);
    port::Cpu::set_this_cpu(nullptr);
    host_ = nullptr;
    return how_;
}

void World::end(End how) {
    how_ = how;
    over_ = true;
    pause_for(*cpu()->fiber, *host_);
    panic("a machine goes on after its end");
}

}  // namespace pivot::sim
