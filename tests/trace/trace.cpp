// What `./pivot trace` records: each scenario is a few operations on purpose, in an order that it
// prints, so that a run without recording can be compared with it.
//
//     trace SCENARIO [off] [above=N]
#include "intr/deferral.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "kern/read_write_lock.hpp"
#include "kern/semaphore.hpp"
#include "kern/trace_report.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/target/command.hpp"
#include "tests/target/probes.hpp"
#include "tests/trace/kept.hpp"

namespace pivot {
namespace {

using namespace test;

PIVOT_STACKS(g_stacks, 1, 8192);
constinit Thread g_thread{"worker"};
constinit Semaphore g_ready{"ready"};
constinit Semaphore g_done{"done"};
constinit AdaptiveMutex g_mutex{"shared"};
constinit ReadWriteLock g_table{"table"};
constinit u32 g_rounds = 0;

template <auto Entry>
void start_worker(u32 cpu = 0) {
    CHECK(g_thread.start_on<Entry>(cpu_of(cpu), g_stacks[0], 12, g_rounds) == ThreadError::none);
}

// -- an interrupt, its continuation, a thread

void continue_and_wake(MayBlock const& context, u32& rounds) {
    trace.add('c');
    ++rounds;
    g_ready.post(context);
}
constinit Continuation g_next = Continuation::to<&continue_and_wake>(Ipl::softnet, g_rounds);

void wait_and_answer(MayBlock const& context, u32&) {
    for (u32 i = 0; i < 3; ++i) {
        g_ready.wait(context);
        trace.add('t');
        g_done.post(context);
    }
}

void interrupt(MayBlock const& context) {
    start_worker<&wait_and_answer>();
    for (u32 i = 0; i < 3; ++i) {
        v.does = [](Here const& here) { (void)here.schedule(g_next); };
        v.pend();
        g_done.wait(context);
        trace.add(' ');
    }
    (void)g_thread.join(context);
}

// -- a mutex that a thread of higher priority wants: it waits in the turnstile

void want_it(MayBlock const& context, u32&) {
    trace.add('w');
    AdaptiveGuard const guard(g_mutex, context);
    trace.add('g');
}

void contention(MayBlock const& context) {
    {
        AdaptiveGuard const guard(g_mutex, context);
        trace.add('m');
        start_worker<&want_it>();
        trace.add('r');
    }
    (void)g_thread.join(context);
    trace.add('j');
}

// -- a writer that gives up waiting for a reader, and waits again; then a reader for a writer

void write_and_read(MayBlock const& context, u32&) {
    trace.add(g_table.lock_write_until(context, counter() + 1000) ? '?' : 'x');
    g_done.post(context);
    {
        WriteGuard const guard(g_table, context);
        trace.add('w');
    }
    g_ready.wait(context);
    ReadGuard const guard(g_table, context);
    trace.add('r');
}

void read_write(MayBlock const& context) {
    {
        ReadGuard const guard(g_table, context);
        start_worker<&write_and_read>();
        g_done.wait(context);
        trace.add('R');
    }
    CHECK(g_table.try_lock_write(context));
    g_ready.post(context);
    trace.add('W');
    g_table.unlock_write(context);
    (void)g_thread.join(context);
}

// -- a line that the SPL holds off

void held_off(MayBlock const&) {
    for (u32 i = 0; i < 2; ++i) {
        SplGuard const hold(Ipl::sched);
        trace.add('(');
        s.pend();
        h.pend();
        trace.add(')');
    }
}

// -- a thread of another CPU is woken from here

void wait_there(MayBlock const& context, u32&) {
    for (u32 i = 0; i < 3; ++i) {
        g_ready.wait(context);
        trace.add('t');
        g_done.post(context);
    }
}

void across(MayBlock const& context) {
    CHECK(online_set() == 3);
    start_worker<&wait_there>(1);
    for (u32 i = 0; i < 3; ++i) {
        trace.add('p');
        g_ready.post(context);
        g_done.wait(context);
        trace.add(' ');
    }
    (void)g_thread.join(context);
}

// -- nested top halves, and a panic in the innermost: what a report says

void panics(MayBlock const& context) {
    interrupt(context);
    v.does = [](Here const&) {
        h.does = [](Here const&) { panic("on purpose, to see the trace"); };
        h.pend();
    };
    v.pend();
}

// -- what an event costs: instructions in an exact run

void cost(MayBlock const&) {
    constexpr u32 kTimes = 64;
    for (bool on = true;; on = false) {
        EventTrace::record(on);
        u64 const begin = counter();
        for (u32 i = 0; i < kTimes; ++i) {
            asm volatile("");
        }
        u64 const loop = counter() - begin;
        u64 const again = counter();
        for (u32 i = 0; i < kTimes; ++i) {
            EventTrace::note(TraceKind::sample, 0, 0);
        }
        log("@cost recording={} instructions={}", on ? 1u : 0u,
            (counter() - again - loop) / kTimes);
        if (!on) {
            break;
        }
    }
    EventTrace::record(true);
    EventTrace::clear();
}

// -- the worst of many samples, or the first above a threshold: what led to it is kept

constinit volatile u64 g_handled = 0;

void note_time(TopHalf<Ipl::sched> const&, u32&) {
    g_handled = PhysicalTimer::now();
    PhysicalTimer::quiet();
}

// What the interrupted thread does differs; sometimes it holds the line off.
void disturb(u32 i) {
    if (i % 16 == 11) {
        SplGuard const hold(Ipl::sched);
        for (u32 n = 0; n < 20 * i; ++n) {
            asm volatile("");
        }
    }
}

void worst(MayBlock const&) {
    constexpr u32 kSamples = 100;
    CHECK(BoardLines::request<&note_time>(Board::kPhysicalTimerLine, "timer", g_rounds) ==
          LineError::none);
    CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
    kept::forget();
    for (u32 i = 0; i < kSamples; ++i) {
        g_handled = 0;
        u64 const deadline = PhysicalTimer::now() + 400;
        PhysicalTimer::arm(deadline);
        disturb((i * 37) % kSamples);
        while (g_handled == 0) {
        }
        kept::sample(deadline, g_handled);
    }
    EventTrace::record(false);
}

struct Scenario {
    const char* name;
    void (*run)(MayBlock const&);
};
constexpr Scenario kScenarios[] = {{"interrupt", &interrupt},
                                   {"contention", &contention},
                                   {"read-write", &read_write},
                                   {"held-off", &held_off},
                                   {"across", &across},
                                   {"panic", &panics},
                                   {"cost", &cost},
                                   {"worst", &worst}};

}  // namespace

void image_main(MayBlock const& context) {
    CommandLine const words;
    request_probes();
    for (Scenario const& scenario : kScenarios) {
        if (!words.has(scenario.name)) {
            continue;
        }
        EventTrace::clear();
        EventTrace::record(!words.has("off"));
        scenario.run(context);
        EventTrace::record(false);
        log("@order {}", trace.text());
        if (!kept::dump()) {
            dump_trace();
        }
        return;
    }
    log("no such scenario");
    machine_exit(2);
}

}  // namespace pivot
