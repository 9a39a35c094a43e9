#include "tests/trace/kept.hpp"

#include "kern/base/log.hpp"
#include "kern/trace_report.hpp"
#include "tests/target/command.hpp"

namespace pivot::kept {
namespace {

constinit TraceEvent g_events[EventTrace::Ring::kSize]{};
constinit u64 g_count = 0;    // of them
constinit u64 g_samples = 0;  // so far
constinit u64 g_number = 0;   // the worst one's, from 1
constinit u64 g_worst = 0;    // and its ticks
constinit u64 g_above = 0;    // a sample longer than this stops it; 0: none does
constinit bool g_stopped = false;

void copy() {
    u32 const cpu = this_cpu().id;
    g_count = 0;
    for (u64 n = EventTrace::first(cpu); n != EventTrace::ring(cpu).written(); ++n) {
        if (EventTrace::ring(cpu).read(n, g_events[g_count])) {
            ++g_count;
        }
    }
}

}  // namespace

void forget() {
    g_above = test::CommandLine{}.number("above=");
    g_count = g_samples = g_number = g_worst = 0;
    if (g_stopped) {
        g_stopped = false;
        EventTrace::record(true);
    }
    EventTrace::clear();
}

void sample(u64 began, u64 ended) {
    if (g_stopped) {
        return;
    }
    EventTrace::note(TraceKind::sample, began, ended);
    ++g_samples;
    u64 const ticks = ended - began;
    if (ticks <= g_worst && g_number != 0) {
        return;
    }
    g_worst = ticks;
    g_number = g_samples;
    g_stopped = g_above != 0 && ticks > g_above;
    if (g_stopped) {
        EventTrace::record(false);
    }
    if (g_stopped || g_above == 0) {
        copy();
    }
}

bool dump() {
    if (g_samples != 0) {
        log("@kept sample={} ticks={} of={}", g_number, g_worst, g_samples);
        dump_kept(this_cpu().id, g_events, g_count);
    }
    return g_samples != 0;
}

}  // namespace pivot::kept
