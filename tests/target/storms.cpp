// Storms: a line that fires without end leaves its CPU to the threads, and lines above it are as
// prompt as ever. The numbers of the exact run are instructions.
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr LineId kLine = Board::kSpareLines[0];
constexpr u32 kStorm = 1'000'000;
constexpr LineRate kRate{.interrupts = 100, .window_ns = 1'000'000};
// Another line's entry up to where it may be nested, and our own (docs/trap-and-stack-switch.md).
// A checked kernel notes which top half runs (mutex/guard_check.hpp).
constexpr u64 kWorstLatency = kChecked ? 120 : 68;

// A device that asks again as soon as it is served, `left` times.
struct Restless {
    u32 left = 0;
    u32 served = 0;
    Served answer = Served::yes;

    static Served top_half(TopHalf<Ipl::vm> const&, Restless& self) {
        ++self.served;
        if (self.left != 0) {
            --self.left;
            Gic::pend(kLine.intid());
        }
        return self.answer;
    }
};
constinit Restless g_restless{};
constinit LineLimit g_limit{};

void pend(u32 times) {
    g_restless.left = times - 1;
    CHECK(BoardLines::pend(kLine) == LineError::none);
    port::dsb_sy();
    port::isb();
}

// A line at `high` that comes every few hundred instructions and notes how late.
struct Metronome {
    u64 deadline = 0;
    u64 worst = 0;
    u32 count = 0;
    bool beats = false;

    static void top_half(TopHalf<Ipl::high> const&, Metronome& self) {
        u64 const late = counter() - self.deadline;
        self.worst = late > self.worst ? late : self.worst;
        ++self.count;
        if (self.beats) {
            self.deadline = counter() + 401 + self.count % 97;  // every instruction in its turn
            PhysicalTimer::arm(self.deadline);
        } else {
            PhysicalTimer::quiet();
        }
    }
    void start() {
        worst = count = 0;
        beats = true;
        deadline = PhysicalTimer::now() + 1000;
        PhysicalTimer::arm(deadline);
    }
    void stop() {
        beats = false;
        for (u32 const before = count; count == before;) {
            compiler_barrier();
        }
    }
};
constinit Metronome g_metronome{};

void request_all() {
    CHECK(BoardLines::request<&Restless::top_half>(kLine, "restless", g_restless) ==
          LineError::none);
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
    CHECK(BoardLines::request<&Metronome::top_half>(Board::kPhysicalTimerLine, "metronome",
                                                    g_metronome) == LineError::none);
    CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
}

// Exact mode: a tick is an instruction.
[[nodiscard]] bool is_exact() { return counter_hz() == 1'000'000'000; }

// No limit: the CPU is the line's until the device has had enough. Not the line's at high, though.
void unlimited_it_takes_the_cpu(u32 storm) {
    g_metronome.start();
    pend(storm);
    CHECK_EQUAL(g_restless.served, storm);  // nothing of this thread came in between
    g_metronome.stop();
    CHECK(g_metronome.count > storm / 20);
    log("a storm of {}, without a limit: {} interrupts at high, latest after {}", storm,
        g_metronome.count, g_metronome.worst);
    if (is_exact()) {
        CHECK(g_metronome.worst <= kWorstLatency);
    }
}

void limited_it_leaves_the_cpu(MayBlock const& context, u32 storm) {
    CHECK(BoardLineLimits::limit(context, kLine, g_limit, kRate) == LineError::none);
    g_restless.served = 0;
    g_metronome.start();
    pend(storm);
    CHECK(g_restless.served < 2 * kRate.interrupts);  // masked: the thread goes on
    CHECK(g_limit.is_polling() && g_limit.storms() == 1);
    CHECK(!Gic::is_enabled(kLine.intid()) && Gic::is_pending(kLine.intid()));
    u32 const before = g_restless.served;
    Clock::sleep_ns(context, 10 * kRate.window_ns);
    u32 const polled = g_restless.served - before;
    g_metronome.stop();
    log("with a limit of {} a {} us: {} in {} us, {} at high, latest after {}", kRate.interrupts,
        kRate.window_ns / 1000, polled, 10 * kRate.window_ns / 1000, g_metronome.count,
        g_metronome.worst);
    // It is served, and not more often than the limit says.
    CHECK(polled <= 10 * kRate.interrupts + 1 && polled >= 8 * kRate.interrupts);
    CHECK(g_limit.is_polling() && g_limit.storms() == 1);
    if (is_exact()) {
        CHECK(g_metronome.worst <= kWorstLatency);
    }
}

// The device has had enough: within two windows the line is let in again.
void it_calms(MayBlock const& context) {
    g_restless.left = 0;
    Clock::sleep_ns(context, 3 * kRate.window_ns);
    CHECK(!g_limit.is_polling());
    CHECK(Gic::is_enabled(kLine.intid()));
    u32 const served = g_restless.served;
    for (u32 i = 1; i <= kRate.interrupts / 2; ++i) {
        pend(1);
        CHECK_EQUAL(g_restless.served, served + i);  // at once
    }
    Clock::sleep_ns(context, kRate.window_ns);
    pend(2 * kRate.interrupts);
    CHECK_EQUAL(g_limit.storms(), 2);  // and found again
}

// What the owner has disabled is not let in by a poll; enabled again, it is.
void disabled_while_polled(MayBlock const& context) {
    CHECK(g_limit.is_polling());
    CHECK(BoardLines::disable(kLine) == LineError::none);
    u32 const served = g_restless.served;
    g_restless.left = 1000;
    Gic::pend(kLine.intid());
    Clock::sleep_ns(context, 5 * kRate.window_ns);
    CHECK_EQUAL(g_restless.served, served);
    CHECK(BoardLines::enable(kLine) == LineError::none);
    Clock::sleep_ns(context, 5 * kRate.window_ns);
    CHECK(g_restless.served > served);
    g_restless.left = 0;
    Clock::sleep_ns(context, 3 * kRate.window_ns);
    CHECK(!g_limit.is_polling());
}

// Slow enough, but nobody's: a device that another driver has left asserted.
void a_line_that_nobody_serves_is_masked(MayBlock const& context) {
    g_restless.answer = Served::no;
    u32 const storms = g_limit.storms();
    for (u32 i = 0; i < 2 * kRate.interrupts && !g_limit.is_polling(); ++i) {
        pend(1);
        Clock::sleep_ns(context, 20'000);
    }
    CHECK(g_limit.is_polling());
    CHECK_EQUAL(g_limit.stuck(), 1);
    CHECK_EQUAL(g_limit.storms(), storms);
    g_restless.answer = Served::yes;
}

// In the middle of it: nothing is left behind that enables the line once more.
void released_while_polled(MayBlock const& context) {
    pend(kStorm);
    CHECK(BoardLines::release(kLine) == LineError::limited);
    CHECK(BoardLines::release(context, kLine) == LineError::none);
    u32 const served = g_restless.served;
    Clock::sleep_ns(context, 3 * kRate.window_ns);
    CHECK(!Gic::is_enabled(kLine.intid()) && !g_limit.is_polling());
    CHECK_EQUAL(g_restless.served, served);
}

void never_quiet(TopHalf<Ipl::vm> const&, u32& count) { ++count; }

// A level-triggered device that is never quieted: without a limit this thread would not come back.
void a_level_that_stays_asserted(MayBlock const& context) {
    static constinit u32 fired = 0;
    constexpr LineId kTimer = Board::kPhysicalTimerLine;
    CHECK(BoardLines::release(context, kTimer) == LineError::none);
    CHECK(BoardLines::request<&never_quiet>(kTimer, "stuck", fired) == LineError::none);
    CHECK(BoardLineLimits::limit(context, kTimer, g_limit, kRate) == LineError::none);
    CHECK(BoardLines::enable(kTimer) == LineError::none);
    PhysicalTimer::arm(PhysicalTimer::now());
    port::isb();
    CHECK(g_limit.is_polling());
    Clock::sleep_ns(context, 5 * kRate.window_ns);
    CHECK(fired > 4 * kRate.interrupts && fired < 7 * kRate.interrupts);
    PhysicalTimer::quiet();
    Clock::sleep_ns(context, 3 * kRate.window_ns);
    CHECK(!g_limit.is_polling() && Gic::is_enabled(kTimer.intid()));
    CHECK(BoardLineLimits::unlimit(context, kTimer) == LineError::none);
    CHECK(BoardLines::release(kTimer) == LineError::none);
}

}  // namespace

void image_main(MayBlock const& context) {
    u32 const storm = is_exact() ? kStorm : kStorm / 20;
    request_all();
    unlimited_it_takes_the_cpu(storm);
    limited_it_leaves_the_cpu(context, storm);
    it_calms(context);
    disabled_while_polled(context);
    a_line_that_nobody_serves_is_masked(context);
    released_while_polled(context);
    a_level_that_stays_asserted(context);
    check_calm();
    passed("storms");
}

}  // namespace pivot
