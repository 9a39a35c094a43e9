// Instructions that arming, cancelling and running a callout take, with 1, 10, 100 and 1,000 armed;
// and how late a callout and a sleep are.
// The figures of docs/decisions/callouts.md; and a bound on each single operation, not on their
// mean.
//
// For exact mode only.
#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/check.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kMost = 1000;
constexpr u32 kRounds = 2000;

struct Costs {
    u64 least = ~u64{0};
    u64 most = 0;
    u64 sum = 0;
    u64 count = 0;

    void add(u64 cost) {
        least = cost < least ? cost : least;
        most = cost > most ? cost : most;
        sum += cost;
        ++count;
    }
    void print_row(const char* what, u32 armed) const {
        log("{-18}{6}{8}{8}{8}", what, armed, least, sum / count, most);
    }
};

constinit u64 g_ran_at = 0;
constinit Costs g_runs{};

struct One;
void run(MayWake const&, One&) {
    u64 const now = counter();
    if (g_ran_at != 0) {
        g_runs.add(now - g_ran_at);
    }
    g_ran_at = counter();
}
struct One {
    Callout callout = Callout::to<&run>(*this, "one");
};
constinit One g_all[kMost]{};

constinit u64 g_random = 88172645463325252;
u64 random() {  // xorshift64 (Marsaglia, 2003)
    g_random ^= g_random << 13;
    g_random ^= g_random >> 7;
    g_random ^= g_random << 17;
    return g_random;
}

// So far ahead that nothing is due while this runs.
u64 some_time() { return counter() + 10'000'000'000 + random() % 1'000'000'000; }

[[gnu::noinline]] u64 cost_of_arm(MayWake const& context, Callout& callout, u64 deadline) {
    u64 const begin = counter();
    callout.arm(context, deadline);
    return counter() - begin;
}

[[gnu::noinline]] u64 cost_of_cancel(MayWake const& context, Callout& callout) {
    u64 const begin = counter();
    (void)callout.cancel(context);
    return counter() - begin;
}

// One of `armed` is taken out at random and put in again with another time.
void arm_and_cancel(MayBlock const& context, u32 armed, u64 bound) {
    Costs arm, cancel;
    for (u32 i = 0; i < armed; ++i) {
        g_all[i].callout.arm(context, some_time());
    }
    for (u32 i = 0; i < kRounds; ++i) {
        Callout& callout = g_all[random() % armed].callout;
        cancel.add(cost_of_cancel(context, callout));
        arm.add(cost_of_arm(context, callout, some_time()));
    }
    arm.print_row("arm", armed);
    cancel.print_row("cancel", armed);
    CHECK(arm.most <= bound);
    CHECK(cancel.most <= bound);
}

// The order of the rounds that hurts: ever later, ever sooner.
void arm_in_order(MayBlock const& context, u32 armed, u64 bound) {
    u64 const base = some_time();
    for (bool const later : {true, false}) {
        Costs arm;
        for (u32 i = 0; i < armed; ++i) {
            (void)g_all[i].callout.cancel(context);
        }
        for (u32 i = 0; i < armed; ++i) {
            arm.add(cost_of_arm(context, g_all[i].callout, later ? base + i : base - i));
        }
        arm.print_row(later ? "arm, ever later" : "arm, ever sooner", armed);
        CHECK(arm.most <= bound);
    }
}

void run_all(MayBlock const& context, u32 armed, u64 bound) {
    g_runs = Costs{};
    g_ran_at = 0;
    {
        SplGuard const late(Ipl::softclock);
        u64 const base = counter() + 3'000'000;
        for (u32 i = 0; i < armed; ++i) {
            g_all[i].callout.arm(context, base + random() % 1000);
        }
        while (counter() < base + 2000) {
        }
    }
    if (armed > 1) {
        g_runs.print_row("from run to run", armed);
        CHECK_EQUAL(g_runs.count, armed - 1);
        CHECK(g_runs.most <= bound);
    }
}

// -- how late

constinit u64 g_deadline = 0;
constinit Costs g_late{};

void note_late(MayWake const&, Costs& late) { late.add(counter() - g_deadline); }
constinit Callout g_alarm = Callout::to<&note_late>(g_late, "alarm");

void lateness(MayBlock const& context) {
    Costs sleeps;
    for (u64 ahead = 1000; ahead < 1'000'000; ahead = ahead * 9 / 8 + 1) {
        g_deadline = counter() + ahead;
        g_alarm.arm(context, g_deadline);
        while (g_alarm.is_armed() || counter() < g_deadline + 1000) {
        }
        u64 const begin = counter();
        Clock::sleep_ns(context, ahead);
        CHECK(counter() - begin >= ahead);
        sleeps.add(counter() - begin - ahead);
    }
    g_late.print_row("late: a callout", 1);
    sleeps.print_row("late: a sleep", 1);
    CHECK(g_late.most <= 208);  // GICv2: 204
    CHECK(sleeps.most <= 528);
}

}  // namespace

void image_main(MayBlock const& context) {
    log("{-18}{6}{8}{8}{8}", "instructions", "armed", "least", "mean", "most");
    // a bound of log2(n + 1) steps a merge, two merges and a walk up
    struct {
        u32 armed;
        u64 bound;
    } const kSizes[] = {{1, 150}, {10, 300}, {100, 450}, {kMost, 600}};
    for (auto const& size : kSizes) {
        arm_and_cancel(context, size.armed, size.bound);
        arm_in_order(context, size.armed, size.bound);
        run_all(context, size.armed, size.bound);
    }
    lateness(context);
    passed("timer costs");
}

}  // namespace pivot
