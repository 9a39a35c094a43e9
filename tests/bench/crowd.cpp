#include "tests/bench/crowd.hpp"

#include "kern/clock.hpp"
#include "tests/bench/rows.hpp"

PIVOT_STACKS(crowd_stacks, pivot::bench::kCrowd, 8192);

namespace pivot::bench {
namespace {

enum class Task : u8 { turns, sleep, wake };

struct Plan {
    Task task;
    u32 count;
    u64 deadline;
    u32 awake;  // changed by one CPU's threads, with preemption held off
};
constinit Plan g_plan{};
constinit Semaphore g_all_awake{"crowd awake"};

struct Member : Thread {
    constexpr Member() : Thread("crowd") {}
    Semaphore go{"crowd"};
};
constinit Member g_crowd[kCrowd]{};

void has_been_awake(MayBlock const& context) {
    NoPreemption const hold;
    if (++g_plan.awake == g_plan.count) {
        g_all_awake.post(context);
    }
}

void run(MayBlock const& context, Member& member) {
    for (;;) {
        member.go.wait(context);
        if (g_plan.task == Task::turns) {
            take_turns(context);
            continue;
        }
        if (g_plan.task == Task::sleep) {
            Scheduler::sleep_until(context, g_plan.deadline);
        }
        has_been_awake(context);
    }
}

void wake_all(MayWake const& context, Plan& plan) {
    for (u32 i = 0; i < plan.count; ++i) {
        g_crowd[i].go.post(context);
    }
}
constinit Callout g_wake = Callout::to<&wake_all>(g_plan, "crowd");

void plan(Task task, u32 count, u64 deadline) {
    g_plan = {.task = task, .count = count, .deadline = deadline, .awake = 0};
}

void require(ThreadError error) {
    PIVOT_REQUIRE(error == ThreadError::none, "the crowd does not do as it should");
}

}  // namespace

void Crowd::start(MayBlock const& context) {
    for (u32 i = 0; i < kCrowd; ++i) {
        require(g_crowd[i].start<&run>(crowd_stacks[i], current_thread().priority(), g_crowd[i]));
    }
    Scheduler::yield(context);  // each runs until it waits
}

void Crowd::raise(MayBlock const& context) {
    u32 const lowest = current_thread().priority() + 1;
    for (u32 i = 0; i < kCrowd; ++i) {
        require(g_crowd[i].set_priority(context, lowest + i % 20));
    }
}

void Crowd::take_turns(MayBlock const& context, u32 count) {
    plan(Task::turns, count, 0);
    wake_all(context, g_plan);
}

void Crowd::sleep(MayBlock const& context, u32 count, u64 deadline) {
    plan(Task::sleep, count, deadline);
    wake_all(context, g_plan);
    PIVOT_REQUIRE(g_plan.awake == 0 && counter() < deadline, "some of the crowd woke too early");
}

void Crowd::wake(MayBlock const& context, u32 count, u64 deadline) {
    plan(Task::wake, count, deadline);
    (void)g_wake.arm(context, deadline);
}

void Crowd::wait_for_all(MayBlock const& context) { g_all_awake.wait(context); }

}  // namespace pivot::bench
