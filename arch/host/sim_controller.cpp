#include "arch/host/sim_controller.hpp"

#include <cstdlib>
#include <cstring>
#include <utility>

#include "arch/contract/cpu.hpp"
#include "arch/host/sim_cpu.hpp"
#include "arch/host/sim_line_masks.hpp"
#include "arch/host/world.hpp"
#include "kern/base/assert.hpp"

namespace pivot {
namespace {

static_assert(Controller<SimController>);

SimController::State& state() { return sim::cpu()->controller; }

// Where the record of an SPI is, once it has been routed in a machine of several CPUs.
SimController::State* g_home[SimController::kLines]{};

SimController::Line& at(u32 line) {
    PIVOT_REQUIRE(line < SimController::kLines, "the simulated controller has no such line");
    return SimController::home_of(state(), line).lines[line];
}

u32 running_priority(SimController::State const& of) {
    return of.running.empty() ? SimController::kIdlePriority : of.running.back();
}

bool is_bare_wanted() {
    const char* const kind = std::getenv("PIVOT_CONTROLLER");
    return kind != nullptr && std::strcmp(kind, "line_masks") == 0;
}

// The state of another CPU, or this one's.
SimController::State& state_of(PerCpu const& cpu) {
    if (&cpu == &this_cpu()) {
        return state();
    }
    sim::far_point();
    return sim::cpu()->world->controller_of(cpu);
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
void change(u32 line, Change const& apply) {
    SimController::State& home = SimController::home_of(state(), line);
    if (&home != &state()) {
        sim::far_point();
    }
    sim::Quiet const at_once;
    ++state().accesses.distributor;
    apply();
    choose(home);
}

}  // namespace

// Of a new machine, each CPU in turn, before any line is routed.
void SimController::init_distributor() {
    state() = State{};
    for (State*& home : g_home) {
        home = nullptr;
    }
    if (!has_priorities()) {
        for (Line& line : state().lines) {
            line.priority = 0;
        }
        if (this_cpu().id == 0) {
            SimLineMasks::init_distributor();
        }
    }
}

bool SimController::has_priorities() {
    static const bool bare = is_bare_wanted();
    return !bare;
}

SimController::State& SimController::home_of(State& own, u32 line) {
    return line >= 32 && line < kLines && g_home[line] != nullptr ? *g_home[line] : own;
}

// The record goes along, with all that is pending or active.
void SimController::route(u32 line, PerCpu const& cpu) {
    has_priorities() ? route_record(line, cpu) : SimLineMasks::route(line, cpu);
}

void SimController::route_record(u32 line, PerCpu const& cpu) { route_to(state_of(cpu), line); }

void SimController::route_to(State& to, u32 line) {
    sim::Quiet const at_once;
    State& from = home_of(state(), line);
    g_home[line] = &to;
    if (&from != &to) {
        to.lines[line] = std::exchange(from.lines[line], Line{});
        choose(from);
        choose(to);
    }
}

void SimController::init_cpu() {
    has_priorities() ? set_mask(kIdlePriority) : SimLineMasks::init_cpu();
}

// The one that asks.
u32 SimController::find_cpus(u64* affinities, u32 room) {
    if (room != 0) {
        affinities[0] = 0;
    }
    return 1;
}

void SimController::enable(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::enable(line);
    }
    change(line, [&] { at(line).enabled = true; });
}

void SimController::disable(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::disable(line);
    }
    change(line, [&] { at(line).enabled = false; });
}

void SimController::set_priority(u32 line, Ipl level) {
    if (!has_priorities()) {
        return SimLineMasks::set_priority(line, level);
    }
    change(line, [&] { at(line).priority = priority_of(level); });
}

void SimController::set_unmaskable(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::set_unmaskable(line);
    }
    change(line, [&] { at(line).priority = priority_of(Ipl::high) - 0x10; });
}

// As on QEMU's GICs: SGIs and PPIs keep their trigger.
bool SimController::set_trigger(u32 line, Trigger trigger) {
    if (line < 32) {
        return at(line).trigger == trigger;
    }
    change(line, [&] { at(line).trigger = trigger; });
    return true;
}

void SimController::pend(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::pend(line);
    }
    change(line, [&] { at(line).latched = true; });
}

void SimController::pend(State& of, u32 line) {
    sim::Quiet const at_once;
    of.lines[line].latched = true;
    choose(of);
}

void SimController::ask(u32 line) {
    change(line, [&] { at(line).latched = true; });
}

void SimController::unpend(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::unpend(line);
    }
    change(line, [&] { at(line).latched = false; });
}

bool SimController::is_pending(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::is_pending(line);
    }
    sim::Quiet const at_once;
    return at(line).pending();
}

bool SimController::is_active(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::is_active(line);
    }
    sim::Quiet const at_once;
    return at(line).active;
}

bool SimController::is_enabled(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::is_enabled(line);
    }
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
    if (of.gone || of.nudged) {
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
    if (!has_priorities()) {
        return;
    }
    sim::Quiet const at_once;
    State& s = state();
    ++s.accesses.drop;
    PIVOT_REQUIRE(!s.running.empty(), "EOI without an acknowledged interrupt");
    PIVOT_REQUIRE(at(line).active, "EOI of a line that is not active");
    PIVOT_REQUIRE(s.running.back() == at(line).priority, "EOI in another order than acknowledged");
    s.running.pop_back();
}

void SimController::deactivate(u32 line) {
    if (!has_priorities()) {
        return SimLineMasks::deactivate(line);
    }
    sim::Quiet const at_once;
    ++state().accesses.deactivate;
    PIVOT_REQUIRE(at(line).active, "deactivation of a line that is not active");
    at(line).active = false;
    choose(home_of(state(), line));
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

bool SimController::is_at_rest(State const& of, PerCpu const& cpu) {
    return of.mask == kIdlePriority && of.running.empty() &&
           (has_priorities() || SimLineMasks::remembers_nothing(cpu.id));
}

u32 SimBare::find_cpus(u64* affinities, u32 room) {
    return SimController::find_cpus(affinities, room);
}

u32 SimBare::pending(u32 word) {
    sim::far_point();
    sim::Quiet const at_once;
    ++state().accesses.acknowledge;
    if (state().best == SimController::kSpecial) {
        return 0;
    }
    u32 set = 0;
    for (u32 i = 0; i < 32; ++i) {
        SimController::Line const& line = state().lines[32 * word + i];
        set |= (line.enabled && line.pending() ? 1u : 0u) << i;
    }
    return set;
}

namespace {

template <typename Change>
void change_word(u32 word, u32 lines, Change const& apply) {
    sim::far_point();
    sim::Quiet const at_once;
    SimController::State* changed = nullptr;
    for (u32 set = lines; set != 0; set &= set - 1) {
        u32 const line = 32 * word + static_cast<u32>(__builtin_ctz(set));
        apply(at(line));
        SimController::State* const home = &SimController::home_of(state(), line);
        if (home != changed && changed != nullptr) {
            choose(*changed);
        }
        changed = home;
    }
    if (changed != nullptr) {
        choose(*changed);
    }
    ++state().accesses.distributor;
}

}  // namespace

void SimBare::mask(u32 word, u32 lines) {
    change_word(word, lines, [](SimController::Line& line) { line.enabled = false; });
}

void SimBare::unmask(u32 word, u32 lines) {
    change_word(word, lines, [](SimController::Line& line) { line.enabled = true; });
    sim::point();  // what asks comes now
}

void SimBare::clear(u32 word, u32 lines) {
    change_word(word, lines, [](SimController::Line& line) { line.latched = false; });
}

void SimBare::nudge(PerCpu const& cpu) {
    state_of(cpu).nudged = true;
    sim::point();
}

bool SimBare::quiet_nudge() {
    state().gone = false;
    return std::exchange(state().nudged, false);
}

bool SimBare::set_trigger(u32 line, Trigger trigger) {
    change_word(line / 32, u32{1} << line % 32,
                [&](SimController::Line& of) { of.trigger = trigger; });
    return true;
}

u32 SimController::running_depth() { return static_cast<u32>(state().running.size()); }

}  // namespace pivot
