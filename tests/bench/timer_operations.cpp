// Operations on time: callouts, alone and many due at once, and sleep.
#include "kern/clock.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

namespace pivot::inject {
namespace {

struct Runs {
    volatile u32 expected, counted;
};
constinit Runs g_runs{};

void count(MayWake const&, Runs& runs) { runs.counted = runs.counted + 1; }
void expect(u32 more) { g_runs.expected = g_runs.expected + more; }
void wait_for_them() {
    while (g_runs.counted != g_runs.expected) {
    }
}
void check_runs() {
    require(g_runs.counted == g_runs.expected, "a callout was lost, or ran twice");
}

constinit Callout g_one = Callout::to<&count>(g_runs, "one");
constinit Callout g_many[] = {Callout::to<&count>(g_runs), Callout::to<&count>(g_runs),
                              Callout::to<&count>(g_runs), Callout::to<&count>(g_runs),
                              Callout::to<&count>(g_runs), Callout::to<&count>(g_runs),
                              Callout::to<&count>(g_runs), Callout::to<&count>(g_runs)};
constexpr u32 kMany = sizeof(g_many) / sizeof(g_many[0]);
constexpr u64 kFar = 1'000'000'000;

void callout_arm_and_cancel(MayBlock const& context) {
    (void)g_one.arm(context, counter() + kFar);
    (void)g_one.arm(context, counter() + 2 * kFar);  // anew
    require(g_one.cancel(context) == Cancelled::cancelled, "an armed callout cannot be cancelled");
}

void callout_among_many(MayBlock const& context) {
    for (u32 i = 0; i < kMany; ++i) {
        (void)g_many[i].arm(context, counter() + kFar + i * 7 % kMany);
    }
    for (Callout& callout : g_many) {
        require(callout.cancel(context) == Cancelled::cancelled, "it cannot be cancelled");
    }
}

void callout_runs(MayBlock const& context) {
    expect(1);
    (void)g_one.arm(context, counter() + 300);
    wait_for_them();
}

void callout_in_the_past(MayBlock const& context) {
    expect(1);
    (void)g_one.arm(context, counter());
    wait_for_them();
}

void callouts_due_at_once(MayBlock const& context) {
    expect(kMany);
    u64 const deadline = counter() + 3 * kSoon;
    for (Callout& callout : g_many) {
        (void)callout.arm(context, deadline);
    }
    wait_for_them();
}

void callout_periodic(MayBlock const& context) {
    u32 const before = g_runs.counted;
    (void)g_one.arm_every(context, soon(), kSoon);
    while (g_runs.counted - before < 3) {
    }
    g_one.cancel_and_wait(context);
    g_runs.expected = g_runs.counted;
}

// -- a callout that wakes a thread: us

constinit Semaphore g_over{"time is over"};
void post(MayWake const& context, Semaphore& semaphore) { semaphore.post(context); }
constinit Callout g_post = Callout::to<&post>(g_over, "post");

void callout_wakes(MayBlock const& context) {
    (void)g_post.arm(context, soon());
    g_over.wait(context);
}

void sleep(MayBlock const& context) { Scheduler::sleep_until(context, soon()); }

void sleep_in_the_past(MayBlock const& context) { Scheduler::sleep_until(context, counter()); }

constexpr Operation kList[] = {
    {.name = "callout_arm_and_cancel", .run = &callout_arm_and_cancel},
    {.name = "callout_among_many", .run = &callout_among_many},
    {.name = "callout_runs", .run = &callout_runs, .check = &check_runs},
    {.name = "callout_in_the_past", .run = &callout_in_the_past, .check = &check_runs},
    {.name = "callouts_due_at_once", .run = &callouts_due_at_once, .check = &check_runs},
    {.name = "callout_periodic", .run = &callout_periodic, .check = &check_runs},
    {.name = "callout_wakes", .run = &callout_wakes},
    {.name = "sleep", .run = &sleep},
    {.name = "sleep_in_the_past", .run = &sleep_in_the_past},
};

}  // namespace

Operations timer_operations(MayBlock const&) { return all_of(kList); }

}  // namespace pivot::inject
