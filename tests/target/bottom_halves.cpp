// Bottom halves as threads: what becomes of the interrupted thread, of the queue and of other
// levels when a continuation blocks or makes another thread ready.
#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "tests/target/works.hpp"

namespace pivot {
namespace {

using namespace test;

constinit Semaphore g_gate{"gate"};
constinit Semaphore g_gate_2{"gate 2"};

void wait_at_gate(MayBlock const& context) { g_gate.wait(context); }
void wait_at_gate_2(MayBlock const& context) { g_gate_2.wait(context); }

void the_interrupted_thread_goes_on_at_once(MayBlock const& context) {
    g_net.does = &wait_at_gate;
    v.does = [](Here const& here) { CHECK(here.schedule(net_work)); };
    v.pend();
    trace.add('m');
    CHECK_TRACE("v.nm");
    g_gate.post(context);  // the bottom half outranks us
    trace.add('m');
    CHECK_TRACE(".m");
    // The same when the thread has scheduled it itself.
    g_net.does = &wait_at_gate;
    CHECK(net_work.schedule(context));
    trace.add('m');
    g_gate.post(context);
    CHECK_TRACE("nm.");
}

void what_is_queued_meanwhile_runs_afterwards(MayBlock const& context) {
    g_net.does = &wait_at_gate;
    CHECK(net_work.schedule(context));
    v.does = [](Here const& here) { CHECK(here.schedule(net_work_2)); };
    v.pend();
    CHECK(net_work_3.schedule(context));
    CHECK(net_work.schedule(context));  // it runs, so it is not queued: one more run
    CHECK_TRACE("nv.");
    CHECK(serial_work.schedule(context));  // other levels do not wait for it
    CHECK(bio_work.schedule(context));
    v.does = [](Here const& here) { CHECK(here.schedule(clock_work)); };
    v.pend();
    CHECK_TRACE("r.b.v.c.");
    g_gate.post(context);
    CHECK_TRACE(".2.3.n.");
    CHECK(net_work.schedule(context));  // and the level is as it was
    CHECK_TRACE("n.");
}

// The same at each level that may block: all but softclock (faults.cmake: softclock-blocks).
void at_each_level_what_is_queued_meanwhile_waits(MayBlock const& context) {
    static constinit Work second[kSoftLevels] = {
        {'1', Ipl::softclock}, {'2', Ipl::softbio}, {'3', Ipl::softnet}, {'4', Ipl::softserial}};
    static constinit Continuation more[kSoftLevels] = {
        Continuation::to<&work>(Ipl::softclock, second[0]),
        Continuation::to<&work>(Ipl::softbio, second[1]),
        Continuation::to<&work>(Ipl::softnet, second[2]),
        Continuation::to<&work>(Ipl::softserial, second[3])};
    Continuation* const first[kSoftLevels] = {&clock_work, &bio_work, &net_work, &serial_work};
    static constinit u32 level = 0;
    for (level = 1; level < kSoftLevels; ++level) {
        g_clock.does = g_bio.does = g_net.does = g_serial.does = &wait_at_gate;
        CHECK(first[level]->schedule(context));
        trace.clear();
        CHECK(more[level].schedule(context));  // from a thread
        v.does = [](Here const& here) { CHECK(!here.schedule(more[level])); };
        v.pend();  // and from a top half
        CHECK_TRACE("v.");
        g_gate.post(context);
        char const expected[] = {'.', second[level].name, '.', '\0'};
        CHECK_TRACE(expected);
        g_clock.does = g_bio.does = g_net.does = g_serial.does = nullptr;
        check_calm();
    }
}

// What was taken from the queue together with the one that blocks waits for it, too.
void the_rest_of_the_queue_waits_for_it(MayBlock const& context) {
    g_net_2.does = &wait_at_gate;
    v.does = [](Here const& here) {
        CHECK(here.schedule(net_work));
        CHECK(here.schedule(net_work_2));
        CHECK(here.schedule(net_work_3));
    };
    v.pend();
    CHECK_TRACE("v.n.2");
    g_gate.post(context);
    CHECK_TRACE(".3.");
}

void a_bottom_half_that_interrupted_another_blocks(MayBlock const& context) {
    g_bio.does = [](MayBlock const& inside) {
        g_serial.does = &wait_at_gate;
        CHECK(serial_work.schedule(inside));
        trace.add('-');
    };
    CHECK(bio_work.schedule(context));
    CHECK_TRACE("br-.");
    g_gate.post(context);
    CHECK_TRACE(".");
}

void two_levels_block_and_continue_in_either_order(MayBlock const& context) {
    for (bool const higher_first : {true, false}) {
        g_bio.does = [](MayBlock const& inside) {
            g_serial.does = &wait_at_gate;
            CHECK(serial_work.schedule(inside));
            wait_at_gate_2(inside);
        };
        CHECK(bio_work.schedule(context));
        trace.add('m');
        CHECK_TRACE("brm");
        (higher_first ? g_gate : g_gate_2).post(context);
        trace.add('m');
        (higher_first ? g_gate_2 : g_gate).post(context);
        CHECK_TRACE(".m.");
        check_calm();
    }
}

void a_bottom_half_sleeps(MayBlock const& context) {
    g_net.does = [](MayBlock const& inside) { Clock::sleep_ns(inside, 100'000); };
    u64 const begin = counter();
    CHECK(net_work.schedule(context));
    while (!trace.is("n.")) {  // the clock interrupts us, and it goes on
        compiler_barrier();
        CHECK(Clock::ns_of_ticks(counter() - begin) < 10'000'000'000);
    }
    CHECK(Clock::ns_of_ticks(counter() - begin) >= 100'000);
    trace.clear();
}

// -- making threads ready

constinit Semaphore g_wake{"wake"};
PIVOT_STACKS(g_stacks, 3, 4096);
constexpr u32 kMainPriority = 8;

struct Waiter {
    char name;
    Semaphore& semaphore;
};
void wait_and_tell(MayBlock const& context, Waiter& self) {
    for (;;) {
        self.semaphore.wait(context);
        trace.add(self.name);
    }
}

void post_wake(MayBlock const& context) { g_wake.post(context); }

void a_waiter_of_higher_priority_preempts(MayBlock const& context) {
    static constinit Thread thread{"high waiter"};
    static constinit Waiter waiter{'W', g_wake};
    CHECK(thread.start<&wait_and_tell>(g_stacks[0], kMainPriority + 1, waiter) ==
          ThreadError::none);
    g_net.does = &post_wake;
    v.does = [](Here const& here) {
        CHECK(here.schedule(net_work));
        CHECK(here.schedule(bio_work));
        CHECK(here.schedule(clock_work));
    };
    v.pend();
    trace.add('m');
    CHECK_TRACE(
        "v.n.b.c.Wm");  // once all bottom halves are done, and before the interrupted thread
    g_net.does = &post_wake;
    CHECK(net_work.schedule(context));
    trace.add('m');
    CHECK_TRACE("n.Wm");
    // While the interrupted thread holds preemption off, it waits.
    Spl const old = splraise(Ipl::softclock);
    g_net.does = &post_wake;
    v.does = [](Here const& here) { CHECK(here.schedule(net_work)); };
    v.pend();
    trace.add('m');
    CHECK_TRACE("v.n.m");
    splx(old);
    trace.add('m');
    CHECK_TRACE("Wm");
    // A bottom half that wakes it and then blocks lets it run before the interrupted thread, too.
    g_net.does = [](MayBlock const& inside) {
        g_wake.post(inside);
        g_gate.wait(inside);
    };
    CHECK(net_work.schedule(context));
    trace.add('m');
    CHECK_TRACE("nWm");
    g_gate.post(context);
    CHECK_TRACE(".");
    check_calm();
}

// One whose priority is not above the interrupted thread's does not: it runs when that thread lets
// it.
void a_waiter_of_equal_or_lower_priority_waits(MayBlock const& context) {
    static constinit Thread equal{"equal waiter"};
    static constinit Thread low{"low waiter"};
    static constinit Waiter equal_waiter{'E', g_gate};
    static constinit Waiter low_waiter{'L', g_gate};
    CHECK(low.start<&wait_and_tell>(g_stacks[1], kMainPriority - 1, low_waiter) ==
          ThreadError::none);
    CHECK(equal.start<&wait_and_tell>(g_stacks[2], kMainPriority, equal_waiter) ==
          ThreadError::none);
    while (low.state() != ThreadState::blocked || equal.state() != ThreadState::blocked) {
        Clock::sleep_ns(context, 100'000);
    }
    CHECK_TRACE("");
    g_net.does = [](MayBlock const& inside) {
        g_gate.post(inside);
        g_gate.post(inside);
    };
    v.does = [](Here const& here) { CHECK(here.schedule(net_work)); };
    v.pend();
    trace.add('m');
    CHECK_TRACE("v.n.m");
    Scheduler::yield(context);
    trace.add('m');
    CHECK_TRACE("Em");
    while (trace.length() == 0) {
        Clock::sleep_ns(context, 100'000);
    }
    trace.add('m');
    CHECK_TRACE("Lm");
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    void (*const all[])(MayBlock const&) = {
        &the_interrupted_thread_goes_on_at_once,
        &what_is_queued_meanwhile_runs_afterwards,
        &at_each_level_what_is_queued_meanwhile_waits,
        &the_rest_of_the_queue_waits_for_it,
        &a_bottom_half_that_interrupted_another_blocks,
        &two_levels_block_and_continue_in_either_order,
        &a_bottom_half_sleeps,
        &a_waiter_of_higher_priority_preempts,
        &a_waiter_of_equal_or_lower_priority_waits,
    };
    for (auto const test : all) {
        test(context);
        check_calm();
    }
    passed("bottom halves");
}

}  // namespace pivot
