// Rows between threads: a yield to an equal, and a semaphore round trip with a partner that
// outranks us.
#include "kern/semaphore.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"

PIVOT_STACK(bench_yielder_stack, 8192);
PIVOT_STACK(bench_partner_stack, 8192);

namespace pivot::bench {
namespace {

constinit Thread g_yielder{"bench yielder"};
constinit Thread g_partner{"bench partner"};
constinit Semaphore g_ping{"bench ping"};
constinit Semaphore g_pong{"bench pong"};
constinit Semaphore g_wanted{"bench yielder"};

struct Switches {
    Run const* run;
    u64 begin;
    volatile bool stop;
};
constinit Switches g_switches{};

// Run by all of them: from before a yield in one to after the yield in the next.
PIVOT_MARKED void yield_and_record(MayBlock const& context, Switches& switches) {
    u64 end;
    while (!switches.stop) {
        PIVOT_BEGIN("thread_switch", switches.begin);
        Scheduler::yield(context);
        PIVOT_END("thread_switch", end);
        if (switches.run->store.count() < switches.run->samples) {
            switches.run->store.add(end - switches.begin);
        }
        if (switches.run->store.count() >= switches.run->samples) {
            switches.stop = true;
        }
    }
}

}  // namespace

void take_turns(MayBlock const& context) { yield_and_record(context, g_switches); }

void take_turns_with_ready(MayBlock const& context, Run const& run) {
    run.store.clear();
    g_switches.run = &run;
    g_switches.stop = false;
    take_turns(context);
    Scheduler::yield(context);  // the others see `stop`
}

namespace {

void yielder(MayBlock const& context, Semaphore& wanted) {
    for (;;) {
        wanted.wait(context);
        take_turns(context);
    }
}

}  // namespace

void take_thread_switch(MayBlock const& context, Run const& run) {
    if (g_yielder.state() == ThreadState::unstarted) {
        ThreadError const error =
            g_yielder.start<&yielder>(bench_yielder_stack, current_thread().priority(), g_wanted);
        PIVOT_REQUIRE(error == ThreadError::none, "the bench's yielder does not start");
    }
    g_wanted.post(context);
    take_turns_with_ready(context, run);
}

namespace {

void partner(MayBlock const& context, Semaphore&) {
    for (;;) {
        g_ping.wait(context);
        g_pong.post(context);
    }
}

PIVOT_MARKED u64 round_trip(MayBlock const& context) {
    u64 begin, end;
    PIVOT_BEGIN("sem_pingpong", begin);
    g_ping.post(context);
    g_pong.wait(context);
    PIVOT_END("sem_pingpong", end);
    return end - begin;
}

void sem_pingpong(MayBlock const& context, Run const& run) {
    ThreadError const error =
        g_partner.start<&partner>(bench_partner_stack, current_thread().priority() + 1, g_ping);
    PIVOT_REQUIRE(error == ThreadError::none, "the bench's partner does not start");
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        run.store.add(round_trip(context));
    }
    run.store.report("sem_pingpong", 2);
}

}  // namespace

void thread_rows(MayBlock const& context, Run const& run) {
    take_thread_switch(context, run);
    run.store.report("thread_switch");
    sem_pingpong(context, run);
}

}  // namespace pivot::bench
