// A driver that samples how late its timer's interrupts are: a top half that only notes, a bottom
// half that reckons, a shell command, a benchmark row, an injection operation and a test of it.
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/pivot/check.hpp"
#include "kern/pivot/extend.hpp"
#include "mutex/spin_mutex.hpp"

namespace {
using namespace pivot;

void reckon(MayBlock const& context, struct Sampler& sampler);
struct Sampler {
    u64 period = 0, due = 0;                 // ticks
    SpinMutex<Ipl::sched> mutex{"sampler"};  // for the next two
    u64 late = 0;
    u32 fresh = 0;
    u64 sum = 0, count = 0;
    volatile u64 reckoned_at = 0;
    Continuation next = Continuation::to<&reckon>(Ipl::softclock, *this);
};
constinit Sampler g_sampler{};

// May not block: locking an AdaptiveMutex in here does not compile.
void top_half(TopHalf<Ipl::sched> const& context, Sampler& sampler) {
    u64 const now = PhysicalTimer::now();
    {
        SpinGuard const guard(sampler.mutex, context);
        sampler.late += now - sampler.due;
        ++sampler.fresh;
    }
    PhysicalTimer::arm(sampler.due = now + sampler.period);
    sampler.next.schedule(context);
}

void take_fresh(MayBlock const& context, Sampler& sampler) {
    SpinGuard const guard(sampler.mutex, context);
    sampler.sum += sampler.late;
    sampler.count += sampler.fresh;
    sampler.late = sampler.fresh = 0;
}

void reckon(MayBlock const& context, Sampler& sampler) {
    take_fresh(context, sampler);
    sampler.reckoned_at = PhysicalTimer::now();
}

bool start(u64 period) {
    g_sampler.period = period;
    PhysicalTimer::arm(g_sampler.due = PhysicalTimer::now() + period);
    LineId const line = Board::kPhysicalTimerLine;
    return BoardLines::request<&top_half>(line, "sampler", g_sampler) == LineError::none &&
           BoardLines::enable(line) == LineError::none;
}

void stop(MayBlock const& context) {
    (void)BoardLines::release(Board::kPhysicalTimerLine);
    g_sampler.next.drain(context);
}

bool sample(MayBlock const& context, Words const& words) {
    u32 microseconds = 0;
    if (words.is(1, "on") && words.number(2, microseconds) && microseconds != 0) {
        return start(Clock::ticks_of_ns(microseconds * u64{1000}));
    }
    if (words.is(1, "off")) {
        stop(context);
    }
    u64 const count = g_sampler.count;
    log("{} samples, {} ticks late", count, count == 0 ? 0 : g_sampler.sum / count);
    return words.count() == 1 || words.is(1, "off");
}
PIVOT_COMMAND(g_command) = {"sample", "[on US|off]", "how late timer interrupts are", &sample};

u64 tick_to_bottom_half(MayBlock const&) {
    g_sampler.reckoned_at = 0;
    u64 const due = g_sampler.due = PhysicalTimer::now() + 2000;
    PhysicalTimer::arm(due);
    while (g_sampler.reckoned_at == 0) {
    }
    return g_sampler.reckoned_at - due;
}
PIVOT_ROW(g_row) = {"sampler", "from the tick to its bottom half", &tick_to_bottom_half,
                    [](MayBlock const&) { return start(1'000'000'000); }, &stop};
PIVOT_OPERATION(g_operation) = {
    .name = "take_fresh", .run = [](MayBlock const& context) { take_fresh(context, g_sampler); }};

// Ten ticks, and none is lost on the way from one half to the other.
void selftest(MayBlock const& context) {
    PIVOT_CHECK(start(Clock::ticks_of_ns(100'000)));
    Clock::sleep_ns(context, 1'050'000);
    stop(context);
    PIVOT_CHECK_EQUAL(g_sampler.count, 10);
}
PIVOT_PROGRAM(g_selftest) = {"selftest", &selftest};
}  // namespace
