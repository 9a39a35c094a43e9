// Part of the flavour `traced` alone.
#include "kern/trace_report.hpp"

#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/cpus.hpp"
#include "kern/thread.hpp"
#include "spl/ipl.hpp"

namespace pivot {
namespace {

// A thread that has gone is in no list, and is not looked at.
const char* thread_name(u64 address) {
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        if (EventTrace::address(thread) == address) {
            return thread->name();
        }
    }
    return "?";
}

const char* text_of(u64 name) {
    return name != 0 ? reinterpret_cast<const char*>(name) : "?";  // a constant of the image
}

const char* function_name(u64 address) {
    const char* const name = symbolise(address).name;
    return name != nullptr ? name : "?";
}

// Whom the event is about.
const char* subject(TraceEvent const& event) {
    switch (event.kind()) {
        case TraceKind::irq_enter:
        case TraceKind::irq_exit:
        case TraceKind::contend:
        case TraceKind::acquire:
        case TraceKind::gave_up:
        case TraceKind::release:
            return text_of(event.b);
        case TraceKind::run:
        case TraceKind::wake:
            return thread_name(event.a);
        case TraceKind::schedule:
        case TraceKind::send:
        case TraceKind::begin:
        case TraceKind::end:
            return function_name(event.b);
        case TraceKind::spl:
            return name_of(level_of(event.b));
        case TraceKind::let_in:
            return function_name(event.b);
        case TraceKind::ipi:
        case TraceKind::sample:
            return "";
    }
    return "?";
}

template <typename Visit>
void for_each_event(u32 cpu, u64 from, Visit&& visit) {
    u64 const end = EventTrace::ring(cpu).written();
    for (u64 number = from; number != end; ++number) {
        TraceEvent event;
        if (EventTrace::ring(cpu).read(number, event)) {
            visit(number, event);
        }
    }
}

}  // namespace

void print_trace(u32 most) {
    for_each_cpu(online_set(), [&](PerCpu const& cpu) {
        u64 const written = EventTrace::ring(cpu.id).written();
        u64 const first = EventTrace::first(cpu.id);
        u64 const from = written - first > most ? written - most : first;
        log("the last {} events of CPU {}, of {}:", written - from, cpu.id, written);
        for_each_event(cpu.id, from, [](u64, TraceEvent const& event) {
            log("  {16} {-10}{x16} {}", event.time, kTraceNames[static_cast<u32>(event.kind())],
                event.a, subject(event));
        });
    });
}

static void dump_head() {
    log("@trace hz={}", counter_hz());
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        log("@thread at={} name={}", EventTrace::address(thread), thread->name());
    }
}

static void dump_event(u32 cpu, TraceEvent const& event) {
    log("@event cpu={} t={} kind={} detail={} a={} b={} name={}", cpu, event.time,
        kTraceNames[static_cast<u32>(event.kind())], event.detail(), event.a, event.b,
        subject(event));
}

void dump_trace() {
    dump_head();
    for_each_cpu(online_set(), [](PerCpu const& cpu) {
        log("@ring cpu={} first={} end={}", cpu.id, EventTrace::first(cpu.id),
            EventTrace::ring(cpu.id).written());
        for_each_event(cpu.id, EventTrace::first(cpu.id),
                       [&](u64, TraceEvent const& event) { dump_event(cpu.id, event); });
    });
    log("@end");
}

void dump_kept(u32 cpu, TraceEvent const* events, u64 count) {
    dump_head();
    for (u64 i = 0; i < count; ++i) {
        dump_event(cpu, events[i]);
    }
    log("@end");
}

}  // namespace pivot
