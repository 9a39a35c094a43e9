#include "arch/host/sim_controller.hpp"

#include <utility>

#include "arch/host/sim_cpu.hpp"
#include "kern/base/assert.hpp"

namespace pivot {
namespace {

static_assert(Controller<SimController>);

SimController::State& state() { return sim::cpu()->controller; }

SimController::Line& at(u32 line) {
    PIVOT_REQUIRE(line < SimController::kLines, "the simulated controller has no such line");
    return state().lines[line];
}

u32 running_priority(SimController::State const& of) {
    return of.running.empty() ? SimController::kIdlePriority : of.running.back();
}

// Of equal priorities the lowest INTID, which is what GICs do.
void choose(SimController::State& s) {
    s.best = SimController::kSpecial;
    u32 priority = SimController::kIdlePriority;
    for (u32 i = 0; i < SimController::kLines; ++i) {
        SimController::Line const& line = s.lines[i];
        if (line.enabled && line.pending() && !line.active && line.priority < priority) {
            priority = line.priority;
            s.best = i;
        }
    }
}

// The controller is hardware: what it does, it does between two instructions (sim::Quiet), even
// where the linker has chosen an instrumented copy of a library template.
//
// A write to the distributor, after which another line may be the most urgent.
template <typename Change>
void change(Change const& apply) {
    sim::Quiet const at_once;
    ++state().accesses.distributor;
    apply();
    choose(state());
}

}  // namespace

void SimController::init_distributor() { state() = State{}; }

void SimController::init_cpu() { set_mask(kIdlePriority); }

// The one that asks.
u32 SimController::find_cpus(u64* affinities, u32 room) {
    if (room != 0) {
        affinities[0] = 0;
    }
    return 1;
}

void SimController::enable(u32 line) {
    change([&] { at(line).enabled = true; });
}

void SimController::disable(u32 line) {
    change([&] { at(line).enabled = false; });
}

void SimController::set_priority(u32 line, Ipl level) {
    change([&] { at(line).priority = priority_of(level); });
}

void SimController::set_unmaskable(u32 line) {
    change([&] { at(line).priority = priority_of(Ipl::high) - 0x10; });
}

// As on QEMU's GICs: SGIs and PPIs keep their trigger.
bool SimController::set_trigger(u32 line, Trigger trigger) {
    if (line < 32) {
        return at(line).trigger == trigger;
    }
    change([&] { at(line).trigger = trigger; });
    return true;
}

void SimController::pend(u32 line) {
    change([&] { at(line).latched = true; });
}

void SimController::pend(State& of, u32 line) {
    sim::Quiet const at_once;
    of.lines[line].latched = true;
    choose(of);
}

void SimController::unpend(u32 line) {
    change([&] { at(line).latched = false; });
}

bool SimController::is_pending(u32 line) {
    sim::Quiet const at_once;
    return at(line).pending();
}

bool SimController::is_active(u32 line) {
    sim::Quiet const at_once;
    return at(line).active;
}

bool SimController::is_enabled(u32 line) {
    sim::Quiet const at_once;
    return at(line).enabled;
}

void SimController::set_mask(u32 priority) {
    ++state().accesses.mask;
    state().mask = priority;
}

bool SimController::is_signalled() { return is_signalled(state()); }

bool SimController::is_signalled(State const& of) {
    sim::Quiet const at_once;
    if (of.gone) {
        return true;
    }
    return of.best != kSpecial && of.lines[of.best].priority < of.mask &&
           of.lines[of.best].priority < running_priority(of);
}

u32 SimController::acknowledge() {
    sim::Quiet const at_once;
    ++state().accesses.acknowledge;
    if (!is_signalled() || std::exchange(state().gone, false)) {
        return kSpecial;
    }
    u32 const given = state().best;
    Line& line = at(given);
    line.latched = false;
    line.active = true;
    state().running.push_back(line.priority);
    choose(state());
    return given;
}

void SimController::drop(u32 line) {
    sim::Quiet const at_once;
    State& s = state();
    ++s.accesses.drop;
    PIVOT_REQUIRE(!s.running.empty(), "EOI without an acknowledged interrupt");
    PIVOT_REQUIRE(at(line).active, "EOI of a line that is not active");
    PIVOT_REQUIRE(s.running.back() == at(line).priority, "EOI in another order than acknowledged");
    s.running.pop_back();
}

void SimController::deactivate(u32 line) {
    sim::Quiet const at_once;
    ++state().accesses.deactivate;
    PIVOT_REQUIRE(at(line).active, "deactivation of a line that is not active");
    at(line).active = false;
    choose(state());
}

void SimController::assert_line(u32 line) {
    sim::Quiet const at_once;
    Line& wire = at(line);
    if (wire.trigger == Trigger::edge) {
        wire.latched = wire.latched || !wire.asserted;
    }
    wire.asserted = true;
    choose(state());
}

void SimController::deassert_line(u32 line) {
    sim::Quiet const at_once;
    at(line).asserted = false;
    choose(state());
}

void SimController::signal_nothing() { state().gone = true; }

SimController::Accesses const& SimController::accesses() { return state().accesses; }

u32 SimController::running_depth() { return static_cast<u32>(state().running.size()); }

}  // namespace pivot
