// Rows of one interrupt of a thread: into the top half, out of it, and both.
#include "kern/clock.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"
#include "tests/bench/timer_line.hpp"

namespace pivot::bench {
namespace {

struct Device {
    volatile u64 time;
};
constinit Device g_device{};

// -- irq_to_handler: the deadline -> the top half's first statement. A thread spins meanwhile.

void first_statement(TopHalf<Ipl::sched> const&, Device& device) {
    u64 now;
    PIVOT_END("irq_to_handler", now);
    PhysicalTimer::quiet();
    device.time = now;
}

}  // namespace

void take_irq_to_handler(Run const& run) {
    TimerLine<&first_statement, Device> const line{g_device};
    u64 const ahead = Clock::ticks_of_ns(kAheadNs);
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        g_device.time = 0;
        u64 const deadline = PhysicalTimer::now() + ahead + i % 97;  // not always the same phase
        PhysicalTimer::arm(deadline);
        while (g_device.time == 0) {
        }
        run.store.add_between(deadline, g_device.time);
    }
}

namespace {

// -- handler_to_return, whole_interruption: the interrupt is aimed between two counter reads of the
// interrupted thread. The delay that hits it is searched for; a sample that misses is not one.

struct Gap {
    u64 before, after;
};

PIVOT_MARKED Gap interrupted_reads(u64 delay) {
    Gap gap;
    PhysicalTimer::arm(PhysicalTimer::now() + delay);
    asm volatile(".rept 64\n nop\n .endr");
    asm volatile(
        "mark_begin.whole_interruption.%=: mrs %0, cntpct_el0\n"
        "mark_end.whole_interruption.%=:\n"
        "mark_end.handler_to_return.%=: mrs %1, cntpct_el0"
        : "=r"(gap.before), "=r"(gap.after)::"memory");
    asm volatile(".rept 64\n nop\n .endr");
    return gap;
}

constexpr u64 kNoGap = 8;  // ticks between the reads when nothing came between

// The delay for which the interrupt comes between the reads, or 0.
u64 find_delay() {
    for (u64 delay = 40; delay < 140; ++delay) {
        Gap const gap = interrupted_reads(delay);
        if (gap.after - gap.before > kNoGap) {
            return delay;
        }
    }
    return 0;
}

void last_statement(TopHalf<Ipl::sched> const&, Device& device) {
    PhysicalTimer::quiet();
    PIVOT_STORE_BEGIN("handler_to_return", device.time);
}

void only_quiet(TopHalf<Ipl::sched> const&, Device&) { PhysicalTimer::quiet(); }

template <typename Take>
void over_gaps(Run const& run, const char* row, Take&& take) {
    run.store.clear();
    u64 const delay = find_delay();
    // Twice as many tries as samples: where time is not exact, some miss.
    for (u32 i = 0; i < 2 * run.samples && run.store.count() < run.samples && delay != 0; ++i) {
        Gap const gap = interrupted_reads(delay);
        if (gap.after - gap.before > kNoGap) {
            run.store.add(take(gap));
        }
    }
    run.store.report(row);
}

void handler_to_return(Run const& run) {
    constexpr u64 kStoreTicks = 1;  // from the read to the end of the store (marks.hpp)
    TimerLine<&last_statement, Device> const line{g_device};
    over_gaps(run, "handler_to_return",
              [](Gap const& gap) { return gap.after - g_device.time - kStoreTicks; });
}

void whole_interruption(Run const& run) {
    TimerLine<&only_quiet, Device> const line{g_device};
    over_gaps(run, "whole_interruption", [](Gap const& gap) { return gap.after - gap.before; });
}

}  // namespace

void interrupt_rows(MayBlock const&, Run const& run) {
    take_irq_to_handler(run);
    run.store.report("irq_to_handler");
    handler_to_return(run);
    whole_interruption(run);
}

}  // namespace pivot::bench
