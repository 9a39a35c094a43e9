// Rows of what a raised SPL delays: from the splx that lets it in to its first statement, for each
// level; and what a raised SPL costs a line that it does not hold off.
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
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

// -- splx_to_LEVEL: before the splx -> the first statement of what the SPL has held off

// A level's row: its marks are names in the image, so each wants a literal of its own.
#define PIVOT_SPLX_ROW(level)                                         \
    struct To_##level {                                               \
        static constexpr Ipl kLevel = Ipl::level;                     \
        static constexpr const char* kName = "splx_to_" #level;       \
        [[nodiscard, gnu::always_inline]] static inline u64 begin() { \
            u64 now;                                                  \
            PIVOT_BEGIN("splx_to_" #level, now);                      \
            return now;                                               \
        }                                                             \
        [[nodiscard, gnu::always_inline]] static inline u64 end() {   \
            u64 now;                                                  \
            PIVOT_END("splx_to_" #level, now);                        \
            return now;                                               \
        }                                                             \
    }
PIVOT_SPLX_ROW(softclock);
PIVOT_SPLX_ROW(softbio);
PIVOT_SPLX_ROW(softnet);
PIVOT_SPLX_ROW(softserial);
PIVOT_SPLX_ROW(vm);
PIVOT_SPLX_ROW(sched);
PIVOT_SPLX_ROW(high);
#undef PIVOT_SPLX_ROW

template <typename Row>
PIVOT_MARKED void lower(Spl old, Device& device, Run const& run) {
    PIVOT_REQUIRE(device.time == 0, "what the SPL holds off has come");
    u64 const begin = Row::begin();
    splx(old);
    while (device.time == 0) {
    }
    run.store.add(device.time - begin);
}

template <typename Row>
void come(TopHalf<Row::kLevel> const&, Device& device) {
    u64 const now = Row::end();
    PhysicalTimer::quiet();
    device.time = now;
}

// The deadline is past, and entry has met the line and left it pending, when splx is called.
template <typename Row>
void hard_row(Run const& run) {
    TimerLine<&come<Row>, Device> const line{g_device};
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        g_device.time = 0;
        Spl const old = splraise(Row::kLevel);
        u64 const deadline = PhysicalTimer::now() + Clock::ticks_of_ns(kAheadNs);
        PhysicalTimer::arm(deadline);
        while (PhysicalTimer::now() < deadline + Clock::ticks_of_ns(kAheadNs) + i % 97) {
        }
        lower<Row>(old, g_device, run);
    }
    run.store.report(Row::kName);
}

template <typename Row>
void run_below(MayBlock const&, Device& device) {
    u64 const now = Row::end();
    device.time = now;
}
template <typename Row>
constinit Continuation g_below = Continuation::to<&run_below<Row>>(Row::kLevel, g_device);

template <typename Row>
void soft_row(MayBlock const& context, Run const& run) {
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        g_device.time = 0;
        Spl const old = splraise(Row::kLevel);
        PIVOT_REQUIRE(g_below<Row>.schedule(context), "the last one has not run");
        lower<Row>(old, g_device, run);
    }
    run.store.report(Row::kName);
}

// -- irq_to_high_first, irq_to_high_again: as irq_to_handler, of a line at the level high while the
// SPL holds off all levels below. At the first interrupt after the raise, entry tells the
// controller about the SPL; those that follow find it told.

void first_of_them(TopHalf<Ipl::high> const&, Device& device) {
    u64 now;
    PIVOT_END("irq_to_high_first", now);
    PhysicalTimer::quiet();
    device.time = now;
}

void one_of_the_others(TopHalf<Ipl::high> const&, Device& device) {
    u64 now;
    PIVOT_END("irq_to_high_again", now);
    PhysicalTimer::quiet();
    device.time = now;
}

u64 interrupted_in(u32 i) {
    g_device.time = 0;
    u64 const deadline = PhysicalTimer::now() + Clock::ticks_of_ns(kAheadNs) + i % 97;
    PhysicalTimer::arm(deadline);
    while (g_device.time == 0) {
    }
    return g_device.time - deadline;
}

void high_rows(Run const& run) {
    {
        TimerLine<&first_of_them, Device> const line{g_device};
        run.store.clear();
        for (u32 i = 0; i < run.samples; ++i) {
            SplGuard const below(Ipl::sched);
            run.store.add(interrupted_in(i));
        }
        run.store.report("irq_to_high_first");
    }
    TimerLine<&one_of_the_others, Device> const line{g_device};
    run.store.clear();
    SplGuard const below(Ipl::sched);
    (void)interrupted_in(0);
    for (u32 i = 0; i < run.samples; ++i) {
        run.store.add(interrupted_in(i));
    }
    run.store.report("irq_to_high_again");
}

}  // namespace

void spl_rows(MayBlock const& context, Run const& run) {
    high_rows(run);
    soft_row<To_softclock>(context, run);
    soft_row<To_softbio>(context, run);
    soft_row<To_softnet>(context, run);
    soft_row<To_softserial>(context, run);
    hard_row<To_vm>(run);
    hard_row<To_sched>(run);
    hard_row<To_high>(run);
}

}  // namespace pivot::bench
