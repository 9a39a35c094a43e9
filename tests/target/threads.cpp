// Threads: who runs when, how long a sleep is, and what mutexes and semaphores let happen in
// between.
//
// For exact mode only: there time is the instructions run, and an upper bound on it means
// something.
#include <initializer_list>
#include <utility>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kMain = 8;  // the priority of the thread that runs image_main

// -- threads for a moment each

struct Actor {
    char name;
    void (*does)(MayBlock const&, Actor&);
    u64 ticks;  // for the test's use
};

constexpr u32 kPool = 40;
constinit Actor g_actors[kPool] = {};
constinit u32 g_started = 0;
PIVOT_STACKS(g_stacks, kPool, 4096);

template <typename Numbers>
struct Pool;
template <u32... I>
struct Pool<std::integer_sequence<u32, I...>> {
    static constinit Thread threads[sizeof...(I)];
};
template <u32... I>
constinit Thread Pool<std::integer_sequence<u32, I...>>::threads[sizeof...(I)] = {
    Thread{I == 0 ? "actor 0" : "actor"}...};
using Threads = Pool<std::make_integer_sequence<u32, kPool>>;

void act(MayBlock const& context, Actor& self) { self.does(context, self); }

Actor& spawn(char name, u32 priority, void (*does)(MayBlock const&, Actor&), u64 ticks = 0) {
    u32 const n = g_started++;
    CHECK(n < kPool);
    g_actors[n] = Actor{name, does, ticks};
    CHECK(Threads::threads[n].start<&act>(g_stacks[n], priority, g_actors[n]) == ThreadError::none);
    return g_actors[n];
}

void join_all(MayBlock const& context) {
    for (u32 i = 0; i < g_started; ++i) {
        while (Threads::threads[i].state() != ThreadState::exited) {
            Clock::sleep_ns(context, 50'000);
        }
    }
}

void tell(MayBlock const&, Actor& self) { trace.add(self.name); }

// -- priorities

void a_thread_starts_once_and_with_a_priority(MayBlock const& context) {
    static constinit Thread thread{"t"};
    static constinit Actor actor{'t', &tell, 0};
    PIVOT_REQUIRE(g_started == 0, "the first test");
    CHECK(thread.start<&act>(g_stacks[kPool - 1], kThreadPriorities, actor) ==
          ThreadError::bad_priority);
    CHECK(thread.state() == ThreadState::unstarted);
    CHECK(thread.start<&act>(g_stacks[kPool - 1], kThreadPriorities - 1, actor) ==
          ThreadError::none);
    CHECK_TRACE("t");
    CHECK(thread.state() == ThreadState::exited);
    CHECK(thread.start<&act>(g_stacks[kPool - 1], kThreadPriorities - 1, actor) ==
          ThreadError::none);  // again, now that it has exited
    CHECK_TRACE("t");
    static constinit Actor sleeper{
        's', [](MayBlock const& inside, Actor&) { Clock::sleep_ns(inside, 1000); }, 0};
    CHECK(thread.start<&act>(g_stacks[kPool - 1], 1, sleeper) == ThreadError::none);
    CHECK(thread.start<&act>(g_stacks[kPool - 1], 1, sleeper) == ThreadError::already_started);
    CHECK(thread.join(context) == ThreadError::none);
    join_all(context);
}

void higher_at_once_equal_after_a_yield_lower_after_a_sleep(MayBlock const& context) {
    spawn('L', kMain - 1, &tell);
    spawn('E', kMain, &tell);
    spawn('H', kMain + 1, &tell);
    trace.add('m');
    CHECK_TRACE("Hm");
    Scheduler::yield(context);
    trace.add('m');
    CHECK_TRACE("Em");
    Scheduler::yield(context);  // nobody of our priority is left: it changes nothing
    trace.add('m');
    CHECK_TRACE("m");
    join_all(context);
    CHECK_TRACE("L");
}

void yield_goes_round(MayBlock const& context) {
    auto const three_times = [](MayBlock const& inside, Actor& self) {
        for (u32 i = 0; i < 3; ++i) {
            trace.add(self.name);
            Scheduler::yield(inside);
        }
    };
    for (char const name : {'a', 'b', 'c'}) {
        spawn(name, kMain, three_times);
    }
    for (u32 i = 0; i < 5; ++i) {
        trace.add('m');
        Scheduler::yield(context);
    }
    CHECK_TRACE("mabcmabcmabcmm");
    join_all(context);
}

constinit Semaphore g_wake{"wake"};

void wait_and_tell(MayBlock const& context, Actor& self) {
    g_wake.wait(context);
    trace.add(self.name);
}

void post_wake(MayBlock const& context, Semaphore& semaphore) { semaphore.post(context); }
constinit Continuation g_post = Continuation::to<&post_wake>(Ipl::softnet, g_wake);

void a_preempted_thread_has_its_turn_yet(MayBlock const& context) {
    spawn('H', kMain + 1, &wait_and_tell);
    spawn('e', kMain, &tell);
    v.does = [](Here const& here) { CHECK(here.schedule(g_post)); };
    v.pend();
    trace.add('m');  // and not 'e', which is ready, too
    Scheduler::yield(context);
    CHECK_TRACE("v.Hme");
    join_all(context);
}

void several_made_ready_at_once_run_by_priority(MayBlock const& context) {
    spawn('2', kMain + 2, &wait_and_tell);
    spawn('4', kMain + 4, &wait_and_tell);
    spawn('3', kMain + 3, &wait_and_tell);
    spawn('l', kMain - 1, &wait_and_tell);
    {
        NoPreemption const hold;
        for (u32 i = 0; i < 4; ++i) {
            g_wake.post(context);
        }
        spawn('5', kMain + 5, &tell);
        spawn('1', kMain + 1, &tell);
        CHECK_TRACE("");
    }
    trace.add('m');
    CHECK_TRACE("54321m");
    join_all(context);
    CHECK_TRACE("l");
}

// -- sleeping

void sleep_and_tell(MayBlock const& context, Actor& self) {
    u64 const begin = counter();
    Clock::sleep_ns(context, self.ticks);
    u64 const slept = Clock::ns_of_ticks(counter() - begin);
    trace.add(self.name);
    CHECK(slept >= self.ticks);
    CHECK(slept < self.ticks + 4000);  // in a checked kernel; timer_costs.cpp has the release's
}

void sleepers_wake_in_order_and_in_time(MayBlock const& context) {
    spawn('3', kMain + 1, &sleep_and_tell, 30'000'000);
    spawn('1', kMain + 1, &sleep_and_tell, 10'000'000);
    spawn('4', kMain + 3, &sleep_and_tell, 40'000'000);
    spawn('2', kMain + 2, &sleep_and_tell, 20'000'000);
    CHECK_TRACE("");
    join_all(context);
    CHECK_TRACE("1234");
}

void sleepers_with_one_deadline_wake_by_priority(MayBlock const& context) {
    auto const sleep_until = [](MayBlock const& inside, Actor& self) {
        Scheduler::sleep_until(inside, self.ticks);
        trace.add(self.name);
    };
    u64 const deadline = counter() + Clock::ticks_of_ns(5'000'000);
    spawn('a', kMain + 1, sleep_until, deadline);
    spawn('b', kMain + 1, sleep_until, deadline);
    spawn('C', kMain + 2, sleep_until, deadline);
    spawn('d', kMain + 1, sleep_until, deadline);
    join_all(context);
    CHECK_TRACE("Cabd");
}

void a_deadline_that_is_past_does_not_sleep_long(MayBlock const& context) {
    u64 const begin = counter();
    Scheduler::sleep_until(context, begin - 1);
    Scheduler::sleep_until(context, 0);
    Clock::sleep_ns(context, 0);
    CHECK(counter() - begin < 10'000);
}

// -- semaphores

void a_semaphore_counts(MayBlock const& context) {
    static constinit Semaphore semaphore{"count", 2};
    CHECK(semaphore.try_wait(context));
    semaphore.wait(context);
    CHECK(!semaphore.try_wait(context));
    semaphore.post(context);
    semaphore.post(context);
    semaphore.post(context);
    CHECK_EQUAL(semaphore.count(), 3);
}

void its_waiters_go_by_priority_then_by_arrival(MayBlock const& context) {
    spawn('a', kMain + 1, &wait_and_tell);
    spawn('b', kMain + 1, &wait_and_tell);
    spawn('C', kMain + 2, &wait_and_tell);
    for (u32 i = 0; i < 3; ++i) {
        g_wake.post(context);
        trace.add('m');
    }
    CHECK_TRACE("Cmambm");
    CHECK_EQUAL(g_wake.count(), 0);
    join_all(context);
}

// -- adaptive mutexes

constinit AdaptiveMutex g_mutex{"mutex"};

void lock_and_tell(MayBlock const& context, Actor& self) {
    trace.add(self.name);
    CHECK(!g_mutex.try_lock(context));
    AdaptiveGuard const guard{g_mutex, context};
    trace.add(static_cast<char>(self.name - 'a' + 'A'));
    CHECK(g_mutex.owner() == &current_thread());
}

void a_contended_mutex_goes_by_priority_then_by_arrival(MayBlock const& context) {
    g_mutex.lock(context);
    spawn('a', kMain + 1, &lock_and_tell);
    spawn('b', kMain + 1, &lock_and_tell);
    Scheduler::yield(context);  // 'a' lends us its priority: 'b' is our equal
    spawn('c', kMain + 2, &lock_and_tell);
    trace.add('m');
    CHECK_TRACE("abcm");
    CHECK_EQUAL(current_thread().priority(), kMain + 2);
    CHECK(g_mutex.owner() == &current_thread());
    g_mutex.unlock(context);
    trace.add('m');
    CHECK_TRACE("CABm");
    CHECK(g_mutex.owner() == nullptr);
    CHECK(g_mutex.try_lock(context));
    g_mutex.unlock(context);
    join_all(context);
}

void an_owner_may_sleep(MayBlock const& context) {
    spawn('o', kMain + 1, [](MayBlock const& inside, Actor& self) {
        AdaptiveGuard const guard{g_mutex, inside};
        Clock::sleep_ns(inside, 1'000'000);
        trace.add(self.name);
    });
    CHECK(!g_mutex.try_lock(context));
    g_mutex.lock(context);
    trace.add('m');
    g_mutex.unlock(context);
    CHECK_TRACE("om");
    join_all(context);
}

constinit u32 g_inside = 0;
constinit u32 g_entries = 0;

void enter_often(MayBlock const& context, Actor& self) {
    for (u32 i = 0; i < 50; ++i) {
        {
            AdaptiveGuard const guard{g_mutex, context};
            CHECK_EQUAL(g_inside, 0);
            ++g_inside;
            Clock::sleep_ns(context, self.ticks);
            Scheduler::yield(context);
            ++g_entries;
            --g_inside;
        }
        Clock::sleep_ns(context, self.ticks * (i % 3));
    }
}

void only_one_is_inside(MayBlock const& context) {
    spawn('a', kMain - 1, &enter_often, 3000);
    spawn('b', kMain + 1, &enter_often, 1000);
    spawn('c', kMain + 2, &enter_often, 2000);
    spawn('d', kMain + 2, &enter_often, 500);
    join_all(context);
    CHECK_EQUAL(g_entries, 200);
}

// -- spin mutexes

constinit SpinMutex<Ipl::vm> g_vm{"vm"};
constinit SpinMutex<Ipl::sched> g_sched{"sched"};
constinit SpinMutex<Ipl::high> g_high{"high"};

// Releases the three in the given order; what was held off comes when the SPL has fallen below it.
void release_in_order(MayBlock const& context, std::initializer_list<SpinMutexBase*> order,
                      const char* expected) {
    g_vm.lock(context);
    g_sched.lock(context);
    g_high.lock(context);
    CHECK(this_cpu().held == &g_high);
    v.pend();
    s.pend();
    h.pend();
    for (SpinMutexBase* const mutex : order) {
        CHECK(mutex->is_locked());
        mutex->unlock();
        CHECK(!mutex->is_locked());
        trace.add('|');
    }
    CHECK_TRACE(expected);
    check_calm();
}

void spin_mutexes_are_released_in_any_order(MayBlock const& context) {
    release_in_order(context, {&g_high, &g_sched, &g_vm}, "h.|s.|v.|");
    release_in_order(context, {&g_high, &g_vm, &g_sched}, "h.||s.v.|");
    release_in_order(context, {&g_sched, &g_high, &g_vm}, "|h.s.|v.|");
    release_in_order(context, {&g_sched, &g_vm, &g_high}, "||h.s.v.|");
    release_in_order(context, {&g_vm, &g_high, &g_sched}, "|h.|s.v.|");
    release_in_order(context, {&g_vm, &g_sched, &g_high}, "||h.s.v.|");
}

void a_spin_mutex_holds_off_preemption(MayBlock const& context) {
    spawn('H', kMain + 1, &wait_and_tell);
    {
        SpinGuard const guard{g_sched, context};
        h.does = [](Here const& here) { CHECK(here.schedule(g_post)); };
        h.pend();
        trace.add('m');
        CHECK_TRACE("h.m");
    }
    trace.add('m');
    CHECK_TRACE("Hm");
    join_all(context);
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    void (*const all[])(MayBlock const&) = {
        &a_thread_starts_once_and_with_a_priority,
        &higher_at_once_equal_after_a_yield_lower_after_a_sleep,
        &yield_goes_round,
        &a_preempted_thread_has_its_turn_yet,
        &several_made_ready_at_once_run_by_priority,
        &sleepers_wake_in_order_and_in_time,
        &sleepers_with_one_deadline_wake_by_priority,
        &a_deadline_that_is_past_does_not_sleep_long,
        &a_semaphore_counts,
        &its_waiters_go_by_priority_then_by_arrival,
        &a_contended_mutex_goes_by_priority_then_by_arrival,
        &an_owner_may_sleep,
        &only_one_is_inside,
        &spin_mutexes_are_released_in_any_order,
        &a_spin_mutex_holds_off_preemption,
    };
    for (auto const test : all) {
        test(context);
        check_calm();
    }
    passed("threads");
}

}  // namespace pivot
