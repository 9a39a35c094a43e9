// timers: what is armed, on which CPU, and when it is due; and a beat to look at, which notes how
// late it runs.
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/pivot/commands.hpp"

namespace pivot {
namespace {

// Finding the next of a CPU holds preemption off there for a few instructions for each one before.
constexpr u32 kMostShown = 32;

u64 microseconds(u64 ticks) { return Clock::ns_of_ticks(ticks) / 1000; }

void show(u32 cpu, CalloutView const& armed) {
    u64 const now = counter();
    Symbol const function = symbolise(armed.function);
    print("{3} {12} ", cpu, armed.deadline > now ? microseconds(armed.deadline - now) : 0);
    if (armed.period != 0) {
        print("{12}", microseconds(armed.period));
    } else {
        print("{12}", "-");
    }
    log("  {-14} {}", armed.name, function.name != nullptr ? function.name : "?");
}

void show_cpu(u32 cpu) {
    u32 const count = Callout::armed_count(cpu);
    CalloutView armed{};
    u32 shown = 0;
    while (shown < kMostShown && Callout::next_armed(cpu, armed)) {
        show(cpu, armed);
        ++shown;
    }
    if (count > kMostShown) {
        log("{3} and {} more", cpu, count - kMostShown);
    }
}

// Written by its function and, while that does not run, by the shell.
struct Beat {
    u64 first = 0;
    u64 period = 1;
    u64 runs = 0;
    u64 latest = 0;
};

void beat(MayWake const&, Beat& self) {
    u64 const late = (counter() - self.first) % self.period;
    self.latest = late > self.latest ? late : self.latest;
    ++self.runs;
}

constinit Beat g_beat{};
constinit Callout g_beats = Callout::to<&beat>(g_beat, "beat");

void stop(MayBlock const& context) {
    g_beats.cancel_and_wait(context);
    if (g_beat.runs != 0) {
        log("the beat ran {} times, at most {} ns late", g_beat.runs,
            Clock::ns_of_ticks(g_beat.latest));
    }
    g_beat = Beat{};
}

bool start(MayBlock const& context, Words const& words) {
    u32 period = 0;
    if (words.count() != 3 || !words.number(2, period) || period == 0) {
        return false;
    }
    stop(context);
    g_beat.period = Clock::ticks_of_ns(u64{period} * 1'000'000);
    g_beat.first = counter() + g_beat.period;
    g_beats.arm_every(context, g_beat.first, g_beat.period);
    return true;
}

}  // namespace

bool show_timers(MayBlock const& context, Words const& words) {
    if (words.is(1, "every")) {
        return start(context, words);
    }
    if (words.count() == 2 && words.is(1, "stop")) {
        stop(context);
        return true;
    }
    if (words.count() != 1) {
        return false;
    }
    log("{3} {12} {12}  {-14} {}", "cpu", "due in us", "period us", "callout", "function");
    for_each_cpu(online_set(), [](PerCpu const& cpu) { show_cpu(cpu.id); });
    return true;
}

}  // namespace pivot
