// Rows of work that leaves the top half: to a continuation, and through it to a thread.
#include "intr/continuation.hpp"
#include "kern/clock.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"
#include "tests/bench/timer_line.hpp"

PIVOT_STACK(bench_waiter_stack, 8192);

namespace pivot::bench {
namespace {

struct Device {
    volatile u64 time;
    volatile u64 begin;
    Semaphore wanted{"bench"};
};
constinit Device g_device{};

// -- continuation_push, inside a top half

void push_target(MayBlock const&, Device&) {}
constinit Continuation g_push = Continuation::to<&push_target>(Ipl::softserial, g_device);

PIVOT_MARKED void push_sample(TopHalf<Ipl::sched> const& context, Device& device,
                              Continuation& continuation) {
    u64 begin, end;
    PIVOT_BEGIN("continuation_push", begin);
    continuation.schedule(context);
    PIVOT_END("continuation_push", end);
    device.time = end - begin;
}

void push_top_half(TopHalf<Ipl::sched> const& context, Device& device) {
    PhysicalTimer::quiet();
    push_sample(context, device, g_push);
}

// -- irq_to_bottom_half: the deadline -> the continuation's first statement

void bottom_half_statement(MayBlock const&, Device& device) {
    u64 now;
    PIVOT_END("irq_to_bottom_half", now);
    device.time = now;
}
constinit Continuation g_measure =
    Continuation::to<&bottom_half_statement>(Ipl::softserial, g_device);

void schedule_top_half(TopHalf<Ipl::sched> const& context, Continuation& continuation) {
    PhysicalTimer::quiet();
    continuation.schedule(context);
}

// -- irq_to_thread: the deadline -> the first statement of a thread that waited on a semaphore

void post_wanted(MayBlock const& context, Device& device) { device.wanted.post(context); }
constinit Continuation g_post = Continuation::to<&post_wanted>(Ipl::softserial, g_device);

PIVOT_MARKED void waiter(MayBlock const& context, Device& device) {
    for (;;) {
        device.wanted.wait(context);
        u64 now;
        PIVOT_END("irq_to_thread", now);
        device.time = now;
    }
}
constinit Thread g_waiter{"bench waiter"};

// Arms the timer, spins until `time` is set, and gives the deadline.
u64 one_shot(u32 i) {
    g_device.time = 0;
    u64 const deadline = PhysicalTimer::now() + Clock::ticks_of_ns(kAheadNs) + i % 97;
    PhysicalTimer::arm(deadline);
    while (g_device.time == 0) {
    }
    return deadline;
}

void take_from_deadline(Run const& run) {
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        u64 const deadline = one_shot(i);
        run.store.add_between(deadline, g_device.time);
    }
}

}  // namespace

void take_irq_to_bottom_half(Run const& run) {
    TimerLine<&schedule_top_half, Continuation> const line{g_measure};
    take_from_deadline(run);
}

void deferred_rows(MayBlock const&, Run const& run) {
    {
        TimerLine<&push_top_half, Device> const line{g_device};
        run.store.clear();
        for (u32 i = 0; i < run.samples; ++i) {
            (void)one_shot(i);
            run.store.add(g_device.time);
        }
        run.store.report("continuation_push");
    }
    take_irq_to_bottom_half(run);
    run.store.report("irq_to_bottom_half");
    ThreadError const error = g_waiter.start<&waiter>(bench_waiter_stack, 20, g_device);
    PIVOT_REQUIRE(error == ThreadError::none, "the bench's waiter does not start");
    TimerLine<&schedule_top_half, Continuation> const line{g_post};
    take_from_deadline(run);
    run.store.report("irq_to_thread");
}

}  // namespace pivot::bench
