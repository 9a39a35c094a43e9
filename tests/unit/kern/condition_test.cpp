// Condition: releasing and taking the mutex, the order of waking, deadlines, no signal lost.
#include "kern/condition.hpp"

#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

// Threads above main that wait at once, and say so when they have been woken.
struct Waiting {
    Trace trace;
    AdaptiveMutex mutex{"state"};
    Condition condition{"changed"};

    TestThread::Body waiter(std::string name) {
        return [this, name](MayBlock const& context) {
            AdaptiveGuard const guard(mutex, context);
            condition.wait(context, mutex);
            EXPECT_EQ(mutex.owner(), &current_thread());
            trace.add(name);
        };
    }
};

TEST(Condition, WaitingReleasesTheMutexAndEndsWithIt) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        TestThread waiter("w", kMainPriority + 1, w.waiter("w"));
        EXPECT_EQ(waiter.state(), ThreadState::blocked);
        EXPECT_EQ(w.mutex.owner(), nullptr);
        w.mutex.lock(context);
        w.condition.signal(context);
        EXPECT_EQ(waiter.state(), ThreadState::blocked) << "now for the mutex";
        w.trace.add("main");
        w.mutex.unlock(context);
        EXPECT_EQ(waiter.state(), ThreadState::exited);
    });
    EXPECT_EQ(w.trace.text(), "main w");
    machine.expect_at_rest();
}

TEST(Condition, ASignalWakesTheFirstByPriorityThenArrival) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 10, w.waiter("10a"));
        TestThread b("b", 12, w.waiter("12a"));
        TestThread c("c", 10, w.waiter("10b"));
        TestThread d("d", 12, w.waiter("12b"));
        for (int i = 0; i < 4; ++i) {
            w.condition.signal(context);
            w.trace.add("|");
        }
        EXPECT_FALSE(w.condition.has_waiters());
    });
    EXPECT_EQ(w.trace.text(), "12a | 12b | 10a | 10b |");
    machine.expect_at_rest();
}

TEST(Condition, ABroadcastWakesAllHighestFirst) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 10, w.waiter("10a"));
        TestThread b("b", 12, w.waiter("12a"));
        TestThread c("c", 10, w.waiter("10b"));
        TestThread d("d", 12, w.waiter("12b"));
        {
            NoPreemption const hold;
            w.condition.broadcast(context);
            w.trace.add("main");
        }
        EXPECT_EQ(d.state(), ThreadState::exited);
    });
    EXPECT_EQ(w.trace.text(), "main 12a 12b 10a 10b");
    machine.expect_at_rest();
}

TEST(Condition, ASignalToNobodyIsNotKept) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        w.condition.signal(context);
        w.condition.broadcast(context);
        TestThread waiter("w", kMainPriority + 1, w.waiter("w"));
        EXPECT_EQ(waiter.state(), ThreadState::blocked);
        w.condition.signal(context);
        EXPECT_EQ(waiter.state(), ThreadState::exited);
    });
}

TEST(Condition, AWaitEndsAtItsDeadlineWithTheMutex) {
    Machine machine;
    Ticker ticker;
    AdaptiveMutex mutex("state");
    Condition condition("changed");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        u64 const deadline = counter() + 1000;
        EXPECT_FALSE(condition.wait_until(context, mutex, deadline));
        EXPECT_GE(counter(), deadline);
        EXPECT_EQ(mutex.owner(), &current_thread());
        EXPECT_FALSE(condition.has_waiters());
        mutex.unlock(context);
    });
    machine.expect_at_rest();
}

TEST(Condition, ASignalBeforeTheDeadlineDisarmsIt) {
    Machine machine;
    Ticker ticker;
    AdaptiveMutex mutex("state");
    Condition condition("changed");
    machine.run([&](MayBlock const& context) {
        TestThread waiter("w", kMainPriority + 1, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(mutex, its_context);
            EXPECT_TRUE(condition.wait_until(its_context, mutex, counter() + 100'000));
        });
        condition.signal(context);
        EXPECT_EQ(waiter.state(), ThreadState::exited);
        EXPECT_EQ(Callout::armed_count(0), 0u);
    });
    machine.expect_at_rest();
}

// The waiter inherited 12 through the mutex that it waits with: it loses that, and its place.
TEST(Condition, WhatWasInheritedThroughTheMutexDoesNotCountInTheQueue) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        Semaphore go("go");
        TestThread ten("10", 10, w.waiter("10"));
        TestThread nine("9", 9, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(w.mutex, its_context);
            go.wait(its_context);
            EXPECT_EQ(current_thread().priority(), 12u);
            w.condition.wait(its_context, w.mutex);
            w.trace.add("9");
        });
        TestThread twelve("12", 12, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(w.mutex, its_context);
            w.trace.add("12");
        });
        go.post(context);
        EXPECT_EQ(nine.get().priority(), 9u);
        w.condition.signal(context);
        w.condition.signal(context);
    });
    EXPECT_EQ(w.trace.text(), "12 10 9");
    machine.expect_at_rest();
}

TEST(Condition, ATopHalfSignalsByAContinuation) {
    Machine machine;
    Waiting w;
    TestContinuation signal(Ipl::softnet, [&](MayBlock const& context) {
        AdaptiveGuard const guard(w.mutex, context);
        w.condition.signal(context);
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { signal.schedule(context); });
    machine.run([&](MayBlock const&) {
        TestThread waiter("w", kMainPriority + 1, w.waiter("w"));
        line.fire();
        EXPECT_EQ(waiter.state(), ThreadState::exited);
    });
    machine.expect_at_rest();
}

// A bottom half that changes the state and signals, at every memory access of a wait.
TEST(Condition, NoSignalIsLostAtAnyPointOfWait) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        AdaptiveMutex mutex("state");
        Condition condition("changed");
        bool changed = false;
        TestContinuation change(Ipl::softnet, [&](MayBlock const& context) {
            AdaptiveGuard const guard(mutex, context);
            changed = true;
            condition.signal(context);
        });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { change.schedule(context); });
        sim::Timer::arm(1'000'000);  // something to be idle for
        bool idle = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    idle = current_thread().priority() == kIdlePriority;
                }
            });
            AdaptiveGuard const guard(mutex, context);
            while (!changed) {
                condition.wait(context, mutex);
            }
        });
        EXPECT_TRUE(changed);
        EXPECT_EQ(mutex.owner(), nullptr);
        machine.expect_at_rest();
        return !idle;
    });
    EXPECT_GE(points, least_points(20));
}

TEST(ConditionDeathTest, WaitingWithoutTheMutex) {
    Machine machine;
    AdaptiveMutex mutex("state");
    Condition condition("changed");
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(condition.wait(context, mutex), "not held by the running thread .state");
        NoPreemption const hold;
        EXPECT_DEATH(condition.wait(context, mutex), "sleep with the SPL raised .changed");
    });
}

}  // namespace
}  // namespace pivot
