// What cyclictest measures on Linux, measured here: a thread that sleeps until a time, again and
// again, and how late it is each time. `./pivot rivals` prints both side by side.
//
// A sample is the counter at the thread's first statement after the sleep, less the time that it
// asked for: so it holds the timer's interrupt, the callout, the wake-up and the switch. First with
// nothing else to do, then with a load below the thread: two that compute and yield, two that pass
// a semaphore to and fro, and two that want the same mutex.
#include "kern/main.hpp"
#include "kern/sched.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/samples.hpp"

PIVOT_STACK(cyclic_thread_stack, 8192);
PIVOT_STACKS(cyclic_load_stacks, 6, 8192);

namespace pivot {
namespace {

constexpr u64 kInterval = 500'000;
constexpr u32 kPriority = 25;

struct Cycle {
    Semaphore go{"cyclic go"};
    Semaphore done{"cyclic done"};
    bench::Samples samples;
};
constinit Cycle g_cycle{};
constinit Thread g_thread{"cyclic"};

void measure(MayBlock const& context, Cycle& cycle) {
    for (;;) {
        cycle.go.wait(context);
        cycle.samples.clear();
        u64 deadline = counter() + kInterval;
        for (u32 i = 0; i < bench::kMaxSamples; ++i, deadline += kInterval) {
            Scheduler::sleep_until(context, deadline);
            cycle.samples.add_between(deadline, counter());
        }
        cycle.done.post(context);
    }
}

struct Load {
    Semaphore ping{"load ping"};
    Semaphore pong{"load pong"};
    AdaptiveMutex lock{"load"};
    volatile u64 work;
};
constinit Load g_load{};
constinit Thread g_load_threads[] = {Thread{"compute"}, Thread{"compute"}, Thread{"ping"},
                                     Thread{"pong"},    Thread{"mutex"},   Thread{"mutex"}};

void some_work(Load& load, u32 rounds) {
    for (u32 i = 0; i < rounds; ++i) {
        load.work = load.work + i;
    }
}

void compute(MayBlock const& context, Load& load) {
    for (;;) {
        some_work(load, 97);
        Scheduler::yield(context);
    }
}

void ping(MayBlock const& context, Load& load) {
    for (;;) {
        load.ping.post(context);
        load.pong.wait(context);
        Scheduler::yield(context);
    }
}

void pong(MayBlock const& context, Load& load) {
    for (;;) {
        load.ping.wait(context);
        load.pong.post(context);
    }
}

void fight(MayBlock const& context, Load& load) {
    for (;;) {
        {
            AdaptiveGuard const guard(load.lock, context);
            some_work(load, 31);
            Scheduler::yield(context);  // so that the other one finds it taken
        }
        Scheduler::yield(context);
    }
}

template <auto Fn>
void start(u32 i) {
    ThreadError const error =
        g_load_threads[i].start<Fn>(cyclic_load_stacks[i], current_thread().priority() - 1, g_load);
    PIVOT_REQUIRE(error == ThreadError::none, "a thread of the load does not start");
}

void take(MayBlock const& context, const char* row) {
    g_cycle.go.post(context);
    g_cycle.done.wait(context);
    g_cycle.samples.report(row);
}

}  // namespace

void image_main(MayBlock const& context) {
    bench::report_begin();
    ThreadError const error = g_thread.start<&measure>(cyclic_thread_stack, kPriority, g_cycle);
    PIVOT_REQUIRE(error == ThreadError::none, "the measuring thread does not start");
    take(context, "cyclic_idle");
    start<&compute>(0);
    start<&compute>(1);
    start<&ping>(2);
    start<&pong>(3);
    start<&fight>(4);
    start<&fight>(5);
    take(context, "cyclic_loaded");
    log("@end");
}

}  // namespace pivot
