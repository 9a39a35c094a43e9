// Part of the flavour `traced` alone.
#include "kern/trace/trace.hpp"

namespace pivot {
namespace {

constinit EventTrace::Ring g_rings[kMaxCpus]{};
constinit u64 g_begin[kMaxCpus]{};
constinit u32 g_recording = 1;

}  // namespace

// Not inlined: the caller's registers are saved only where something is written.
[[gnu::noinline]] void EventTrace::write(TraceKind kind, u8 detail, u64 a, u64 b) {
    if (atomic::load_relaxed(&g_recording) != 0) {
        g_rings[this_cpu().id].note([] { return counter(); }, kind, detail, a, b);
    }
}

void EventTrace::record(bool on) { atomic::store_release(&g_recording, on ? 1u : 0u); }

bool EventTrace::is_recording() { return atomic::load_acquire(&g_recording) != 0; }

EventTrace::Ring const& EventTrace::ring(u32 cpu) { return g_rings[cpu]; }

void EventTrace::clear() {
    for (u32 id = 0; id < kMaxCpus; ++id) {
        g_begin[id] = g_rings[id].written();
    }
}

u64 EventTrace::first(u32 cpu) {
    u64 const written = g_rings[cpu].written();
    u64 const oldest = written > Ring::kSize ? written - Ring::kSize : 0;
    return oldest > g_begin[cpu] ? oldest : g_begin[cpu];
}

}  // namespace pivot

// switch.S: this thread is current from here on.
extern "C" void pivot_trace_current(pivot::Thread* thread) {
    using namespace pivot;
    EventTrace::note(TraceKind::run, EventTrace::address(thread), port::Cpu::read_spl());
}
