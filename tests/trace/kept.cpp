#include "tests/trace/kept.hpp"

#include "kern/base/log.hpp"
#include "kern/trace_report.hpp"

namespace pivot::kept {
namespace {

constinit TraceEvent g_events[EventTrace::Ring::kSize]{};
constinit u64 g_count = 0;
constinit u64 g_worst = 0;

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
    g_worst = 0;
    EventTrace::clear();
}

void sample(u64 began, u64 ended) {
    EventTrace::note(TraceKind::sample, began, ended);
    if (ended - began > g_worst) {
        g_worst = ended - began;
        copy();
    }
}

bool dump() {
    if (g_worst != 0) {
        log("@worst ticks={}", g_worst);
        dump_kept(this_cpu().id, g_events, g_count);
    }
    return g_worst != 0;
}

}  // namespace pivot::kept
