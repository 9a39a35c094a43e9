// Operations on threads: turns, changes of priority, suspension, and whole lives.

#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_equal_stack, 8192);
PIVOT_STACK(inject_worker_stack, 8192);
PIVOT_STACK(inject_short_stack, 8192);

namespace pivot::inject {
namespace {

struct Turns {
    volatile u32 taken;
};

// -- a thread of our priority

constinit Thread g_equal{"equal"};
constinit Semaphore g_wanted{"equal: wanted"};
constinit Turns g_turns{};

void take_turns(MayBlock const& context, Turns& turns) {
    for (;;) {
        g_wanted.wait(context);
        turns.taken = turns.taken + 1;
        Scheduler::yield(context);
        turns.taken = turns.taken + 1;
    }
}

void check_turns() {
    static u32 before = 0;
    require(g_turns.taken == before + 2 || before == 0, "a thread did not get its turns");
    before = g_turns.taken;
}

void thread_switch(MayBlock const& context) {
    g_wanted.post(context);
    Scheduler::yield(context);
    Scheduler::yield(context);
}

// Neither gives up its turn: the slice ends it.
void time_slice(MayBlock const& context) {
    u32 const before = g_turns.taken;
    current_thread().set_time_slice(context, kSoon);
    g_equal.set_time_slice(context, kSoon);
    g_wanted.post(context);
    while (g_turns.taken == before) {
    }
    current_thread().set_time_slice(context, 0);
    g_equal.set_time_slice(context, 0);
    while (g_turns.taken != before + 2) {
        Scheduler::yield(context);
    }
    Scheduler::sleep_until(context, counter() + 3 * kSoon);  // the slice's timer runs off
}

// -- a thread below us that takes a turn when it is posted to, and changes of it

constinit Thread g_worker{"worker"};
constinit Semaphore g_work{"worker: work"};
constinit Turns g_done{};

void work(MayBlock const& context, Turns& done) {
    for (;;) {
        g_work.wait(context);
        done.taken = done.taken + 1;
    }
}

void yield_alone(MayBlock const& context) { Scheduler::yield(context); }

void change_blocked(MayBlock const& context) {
    require(g_worker.set_priority(context, kMiddle));
    require(g_worker.set_priority(context, kLow));
}

// It runs while it outranks us.
void change_ready(MayBlock const& context) {
    u32 const before = g_done.taken;
    g_work.post(context);
    require(g_worker.set_priority(context, kMiddle));
    require(g_worker.set_priority(context, kHigh));
    require(g_done.taken == before + 1, "a thread that now outranks us has not run");
    require(g_worker.set_priority(context, kLow));
}

// So does it when we go below it.
void change_running(MayBlock const& context) {
    u32 const before = g_done.taken;
    u32 const mine = current_thread().base_priority();
    g_work.post(context);
    require(current_thread().set_priority(context, kLow - 1));
    require(g_done.taken == before + 1, "a thread that outranks us now has not run");
    require(current_thread().set_priority(context, mine));
}

void suspend_blocked(MayBlock const& context) {
    require(g_worker.suspend(context));
    g_work.post(context);
    settle(context);
    require(g_worker.resume(context));
    settle(context);
}

void suspend_ready(MayBlock const& context) {
    u32 const before = g_done.taken;
    g_work.post(context);
    require(g_worker.suspend(context));
    settle(context);
    require(g_done.taken == before, "a suspended thread has run");
    require(g_worker.resume(context));
    settle(context);
    require(g_done.taken == before + 1, "a resumed thread has not run");
}

void set_affinity(MayBlock const& context) {
    require(g_worker.set_affinity(context, u64{1} << this_cpu().id));
}

// -- whole lives, one after the other

constinit Thread g_short{"short-lived"};
constinit u32 g_lives = 0;
constinit Turns g_lived{};

void live(MayBlock const&, Turns& lived) { lived.taken = lived.taken + 1; }

void start_and_join(MayBlock const& context, u32 priority) {
    ++g_lives;
    require(g_short.start<&live>(inject_short_stack, priority, g_lived));
    require(g_short.join(context));
}

void thread_above(MayBlock const& context) { start_and_join(context, kHigh); }
void thread_below(MayBlock const& context) { start_and_join(context, kLow); }

void check_lives() { require(g_lived.taken == g_lives, "a thread has not lived, or twice"); }

constexpr Operation kList[] = {
    {.name = "yield_alone", .run = &yield_alone, .in_pairs = true},
    {.name = "thread_switch", .run = &thread_switch, .check = &check_turns, .in_pairs = true},
    {.name = "time_slice", .run = &time_slice},
    {.name = "set_priority_blocked", .run = &change_blocked},
    {.name = "set_priority_ready", .run = &change_ready},
    {.name = "set_priority_running", .run = &change_running},
    {.name = "suspend_blocked", .run = &suspend_blocked},
    {.name = "suspend_ready", .run = &suspend_ready},
    {.name = "set_affinity", .run = &set_affinity},
    {.name = "thread_above_us", .run = &thread_above, .check = &check_lives},
    {.name = "thread_below_us", .run = &thread_below, .check = &check_lives},
};

}  // namespace

Operations thread_operations(MayBlock const& context) {
    u32 const mine = current_thread().priority();
    require(g_equal.start<&take_turns>(inject_equal_stack, mine, g_turns));
    require(g_worker.start<&work>(inject_worker_stack, kLow, g_done));
    settle(context);
    return all_of(kList);
}

}  // namespace pivot::inject
