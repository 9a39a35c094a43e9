// Callouts and sleeping on the target: how exact they are, a thousand due at once, periods, and
// arming and cancelling interrupted by the clock at every instruction.
//
// For exact mode only: there time is the instructions run, and an upper bound on it means
// something.
#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "tests/target/injector.hpp"

namespace pivot {
namespace {

using namespace test;

void spin_until(u64 deadline) {
    while (counter() < deadline) {
    }
}

// -- how late

// In a checked kernel, which looks at much on its way; timer_costs.cpp has the release's.
constexpr u64 kCalloutLate = 1000;  // from the deadline to the function
constexpr u64 kSleepLate = 4000;    // from the deadline to behind the sleep

struct Alarm {
    u64 deadline;
    u64 late;
};

void note_late(MayWake const&, Alarm& alarm) { alarm.late = counter() - alarm.deadline; }

constinit Alarm g_alarm{};
constinit Callout g_callout = Callout::to<&note_late>(g_alarm, "alarm");

void a_callout_is_never_early_and_soon_there(MayBlock const& context) {
    u64 latest = 0;
    for (u64 ahead = 700; ahead < 1'000'000; ahead = ahead * 5 / 4 + 1) {
        g_alarm = {counter() + ahead, ~u64{0}};
        CHECK(!g_callout.arm(context, g_alarm.deadline));
        spin_until(g_alarm.deadline + kCalloutLate);
        CHECK(g_alarm.late <= kCalloutLate);
        latest = g_alarm.late > latest ? g_alarm.late : latest;
    }
    log("a callout runs at most {} instructions late", latest);
}

void a_sleep_is_as_long_as_asked(MayBlock const& context) {
    u64 latest = 0;
    for (u64 length = 1; length < 1'000'000; length = length * 5 / 4 + 1) {
        u64 const begin = counter();
        Clock::sleep_ns(context, length);
        u64 const slept = counter() - begin;
        CHECK(slept >= length);
        CHECK(slept <= length + kSleepLate);
        latest = slept - length > latest ? slept - length : latest;
    }
    log("a sleep takes at most {} instructions more than asked", latest);
}

// -- a thousand

constexpr u32 kMany = 1000;

struct Due;
void run_one(MayWake const& context, Due& due);

struct Due {
    u64 deadline = 0;
    u32 number = 0;
    u32 runs = 0;
    Callout callout = Callout::to<&run_one>(*this, "due");
};
constinit Due g_due[kMany]{};

struct Run {
    u32 count = 0;
    u32 in_between = 0;
    u64 deadline = 0;  // of the one before
    u32 number = 0;
    u64 at = 0;
    u64 longest = 0;
};
constinit Run g_run{};

void count_in_between(MayBlock const&, Run& run) { ++run.in_between; }
constinit Continuation g_in_between = Continuation::to<&count_in_between>(Ipl::softbio, g_run);

void run_one(MayWake const&, Due& due) {
    CHECK_EQUAL(spl_current().held, held_at(Ipl::softclock));
    CHECK(due.deadline <= counter());
    CHECK(g_run.deadline < due.deadline ||
          (g_run.deadline == due.deadline && g_run.number < due.number));
    CHECK_EQUAL(g_run.in_between, g_run.count);  // what the one before asked for has run
    u64 const now = counter();
    if (g_run.count != 0 && now - g_run.at > g_run.longest) {
        g_run.longest = now - g_run.at;
    }
    ++due.runs;
    ++g_run.count;
    g_run.deadline = due.deadline;
    g_run.number = due.number + 1;
    g_run.at = now;
    if (g_run.count % 100 == 0) {
        trace.clear();
    }
    h.does = [](Here const& here) { CHECK(here.schedule(g_in_between)); };
    h.pend();
}

// In an order that has nothing to do with their deadlines, several of which are the same.
void arm_all(MayBlock const& context, u64 first) {
    for (u32 i = 0; i < kMany; ++i) {
        Due& due = g_due[i * 389 % kMany];
        due.number = i + 1;
        due.deadline = first + (i * 611 % kMany) / 4;
        due.runs = 0;
        CHECK(!due.callout.arm(context, due.deadline));
        if (i % 3 == 0) {  // cancelled, moved, and back again
            CHECK(due.callout.cancel(context) == Cancelled::cancelled);
            CHECK(!due.callout.arm(context, due.deadline / 2 + first));
            CHECK(due.callout.arm(context, due.deadline));
        }
    }
    CHECK_EQUAL(Callout::armed_count(this_cpu().id), kMany);
}

void a_thousand_due_at_once_run_once_each_in_order(MayBlock const& context) {
    g_run = Run{};
    u32 const ticks = this_cpu().lines[Board::kVirtualTimerLine.intid()].count;
    {
        SplGuard const late(Ipl::softclock);
        u64 const first = counter() + 2'000'000;
        arm_all(context, first);
        spin_until(first + kMany);
        CHECK_EQUAL(g_run.count, 0);
    }
    CHECK_EQUAL(g_run.count, kMany);
    CHECK_EQUAL(g_run.in_between, kMany);
    CHECK_EQUAL(this_cpu().lines[Board::kVirtualTimerLine.intid()].count, ticks + 1);
    for (Due const& due : g_due) {
        CHECK_EQUAL(due.runs, 1);
    }
    log("{} callouts due at once: at most {} instructions from one to the next", kMany,
        g_run.longest);
    trace.clear();
}

void a_thousand_are_cancelled(MayBlock const& context) {
    g_run = Run{};
    arm_all(context, counter() + 1'000'000'000);
    for (u32 i = 0; i < kMany; ++i) {
        CHECK(g_due[i].callout.cancel(context) == Cancelled::cancelled);
    }
    CHECK_EQUAL(Callout::armed_count(this_cpu().id), 0);
    Clock::sleep_ns(context, 2'000'000'000);
    CHECK_EQUAL(g_run.count, 0);
}

// -- periods

struct Beat {
    u32 beats = 0;
    u64 first = 0;
    u64 period = 0;
};

void beat(MayWake const&, Beat& beat) {
    CHECK((counter() - beat.first) % beat.period <= kCalloutLate);
    ++beat.beats;
}
constinit Beat g_beat{};
constinit Callout g_beats = Callout::to<&beat>(g_beat, "beat");

void a_period_does_not_drift(MayBlock const& context) {
    g_beat = {.first = counter() + 5000, .period = 10'007};
    g_beats.arm_every(context, g_beat.first, g_beat.period);
    Scheduler::sleep_until(context, g_beat.first + 1000 * g_beat.period + 5000);
    CHECK_EQUAL(g_beat.beats, 1001);
    g_beats.cancel_and_wait(context);
    Clock::sleep_ns(context, 100'000);
    CHECK_EQUAL(g_beat.beats, 1001);
}

// -- the clock's interrupt, and another's whose bottom half arms and cancels, at every instruction

struct Counted {
    u32 runs = 0;
    u32 arms = 0;
    u32 cancels = 0;
};
void count_run(MayWake const&, Counted& counted) { ++counted.runs; }

constinit Counted g_counted{};
constinit Callout g_target = Callout::to<&count_run>(g_counted, "target");

void arm_counted(MayWake const& context, u64 deadline) {
    atomic::fetch_add(&g_counted.arms, g_target.arm(context, deadline) ? 0u : 1u);
}
void cancel_counted(MayWake const& context) {
    u32 const cancelled = g_target.cancel(context) == Cancelled::cancelled ? 1 : 0;
    atomic::fetch_add(&g_counted.cancels, cancelled);
}

using Meanwhile = void (*)(MayWake const& context);
constinit Meanwhile g_meanwhile = nullptr;
void do_meanwhile(MayBlock const& context, int&) { g_meanwhile(context); }
constinit int g_nothing = 0;
constinit Continuation g_higher = Continuation::to<&do_meanwhile>(Ipl::softnet, g_nothing);

void check_counted() {
    u64 const begin = counter();
    while (g_target.is_armed() && counter() < begin + 50'000) {
    }
    CHECK(!g_target.is_armed());
    CHECK_EQUAL(g_counted.runs + g_counted.cancels, g_counted.arms);
    check_calm();
    g_counted = Counted{};
}

u64 inject(MayBlock const& context, void (*operation)(MayWake const&), Meanwhile meanwhile) {
    g_meanwhile = meanwhile;
    injector.at = [](Here const& here) { (void)here.schedule(g_higher); };
    return at_every_instruction([&] { operation(context); }, [] { check_counted(); });
}

void arming_and_cancelling_may_be_interrupted_anywhere(MayBlock const& context) {
    start_injector<Ipl::high>();
    u64 injections = 0;
    auto const arm_soon = [](MayWake const& c) { arm_counted(c, counter() + 3000); };
    auto const arm_now = [](MayWake const& c) { arm_counted(c, counter()); };
    auto const cancel = [](MayWake const& c) { cancel_counted(c); };
    auto const move = [](MayWake const& c) {
        arm_counted(c, counter() + 9000);
        arm_counted(c, counter() + 200);
        spin_until(counter() + 900);
    };
    auto const change_mind = [](MayWake const& c) {
        arm_counted(c, counter() + 100);
        cancel_counted(c);
    };
    for (Meanwhile const meanwhile : {Meanwhile{arm_soon}, Meanwhile{arm_now}, Meanwhile{cancel}}) {
        injections += inject(context, arm_now, meanwhile);
        injections += inject(context, move, meanwhile);
        injections += inject(context, change_mind, meanwhile);
    }
    stop_injector();
    log("{} interrupts injected", injections);
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    void (*const all[])(MayBlock const&) = {
        &a_callout_is_never_early_and_soon_there,
        &a_sleep_is_as_long_as_asked,
        &a_thousand_due_at_once_run_once_each_in_order,
        &a_thousand_are_cancelled,
        &a_period_does_not_drift,
        &arming_and_cancelling_may_be_interrupted_anywhere,
    };
    for (auto const test : all) {
        test(context);
        check_calm();
    }
    passed("timers");
}

}  // namespace pivot
