// AdaptiveMutex: ownership, waiting, the order of waking, the waiters bit on a free lock.
#include "mutex/adaptive_mutex.hpp"

#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

TEST(AdaptiveMutex, KnowsItsOwner) {
    Machine machine;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(mutex.owner(), nullptr);
        mutex.lock(context);
        EXPECT_EQ(mutex.owner(), &current_thread());
        EXPECT_FALSE(mutex.try_lock(context));
        mutex.unlock(context);
        EXPECT_TRUE(mutex.try_lock(context));
        mutex.unlock(context);
        EXPECT_EQ(mutex.owner(), nullptr);
    });
    machine.expect_at_rest();
}

TEST(AdaptiveMutex, LeavesInterruptsAndPreemptionOn) {
    Machine machine;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        EXPECT_EQ(spl_current().held, 0u);
    });
}

TEST(AdaptiveMutex, AHigherWaiterRunsAsSoonAsItIsFree) {
    Machine machine;
    Trace trace;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        TestThread waiter("waiter", kMainPriority + 2, [&](MayBlock const& its_context) {
            trace.add("tries");
            AdaptiveGuard const guard(mutex, its_context);
            trace.add("has");
        });
        EXPECT_EQ(waiter.state(), ThreadState::blocked);
        trace.add("unlocks");
        mutex.unlock(context);
        trace.add("done");
        EXPECT_EQ(waiter.state(), ThreadState::exited);
    });
    EXPECT_EQ(trace.text(), "tries unlocks has done");
    machine.expect_at_rest();
}

// Threads below main queue up while it waits for `all_queued`.
struct Waiters {
    Trace trace;
    AdaptiveMutex mutex{"m"};
    Semaphore all_queued{"all queued"};

    TestThread::Body taker(std::string name) {
        return [this, name](MayBlock const& context) {
            AdaptiveGuard const guard(mutex, context);
            trace.add(name);
        };
    }
    TestThread::Body last() {
        return [this](MayBlock const& context) { all_queued.post(context); };
    }
};

TEST(AdaptiveMutex, WakesByPriorityThenByArrival) {
    Machine machine;
    Waiters w;
    machine.run([&](MayBlock const& context) {
        w.mutex.lock(context);
        TestThread a("3a", 3, w.taker("3a"));
        TestThread b("5a", 5, w.taker("5a"));
        TestThread c("5b", 5, w.taker("5b"));
        TestThread d("4a", 4, w.taker("4a"));
        TestThread last("last", 1, w.last());
        w.all_queued.wait(context);  // all four have queued, highest priority first
        w.mutex.unlock(context);
        TestThread again("again", 1, w.last());
        w.all_queued.wait(context);
    });
    EXPECT_EQ(w.trace.text(), "5a 5b 4a 3a");
}

TEST(AdaptiveMutex, AFreeLockMayHaveWaitersAndIsTakenAllTheSame) {
    Machine machine;
    Waiters w;
    machine.run([&](MayBlock const& context) {
        w.mutex.lock(context);
        TestThread a("5", 5, w.taker("5"));
        TestThread b("4", 4, w.taker("4"));
        TestThread last("last", 1, w.last());
        w.all_queued.wait(context);
        w.mutex.unlock(context);  // wakes 5, which is below us and does not run yet; 4 waits on
        EXPECT_EQ(w.mutex.owner(), nullptr);
        w.mutex.lock(context);
        EXPECT_EQ(w.mutex.owner(), &current_thread());
        w.trace.add("main");
        w.mutex.unlock(context);
        TestThread again("again", 1, w.last());
        w.all_queued.wait(context);
        EXPECT_EQ(w.mutex.owner(), nullptr);
        EXPECT_TRUE(w.mutex.try_lock(context)) << "nobody waits: no bit is left";
        w.mutex.unlock(context);
    });
    EXPECT_EQ(w.trace.text(), "main 5 4");
}

// Who is suspended would not take it, so the next one is woken.
TEST(AdaptiveMutex, ASuspendedWaiterHoldsUpNobody) {
    Machine machine;
    Waiters w;
    machine.run([&](MayBlock const& context) {
        w.mutex.lock(context);
        TestThread a("5", 5, w.taker("5"));
        TestThread b("4", 4, w.taker("4"));
        TestThread last("last", 1, w.last());
        w.all_queued.wait(context);
        EXPECT_EQ(a.get().suspend(context), ThreadError::none);
        w.mutex.unlock(context);
        EXPECT_EQ(b.get().join(context), ThreadError::none);
        EXPECT_EQ(a.get().resume(context), ThreadError::none);
        EXPECT_EQ(a.get().join(context), ThreadError::none);
    });
    EXPECT_EQ(w.trace.text(), "4 5");
}

TEST(AdaptiveMutex, WhoIsSuspendedBetweenWakeUpAndTakingHoldsUpNobody) {
    Machine machine;
    Waiters w;
    machine.run([&](MayBlock const& context) {
        w.mutex.lock(context);
        TestThread a("5", 5, w.taker("5"));
        TestThread b("4", 4, w.taker("4"));
        TestThread last("last", 1, w.last());
        w.all_queued.wait(context);
        w.mutex.unlock(context);  // wakes 5, which is below us
        EXPECT_EQ(a.get().suspend(context), ThreadError::none);
        EXPECT_EQ(b.get().join(context), ThreadError::none);
        EXPECT_EQ(a.get().resume(context), ThreadError::none);
        EXPECT_EQ(a.get().join(context), ThreadError::none);
    });
    EXPECT_EQ(w.trace.text(), "4 5");
}

TEST(AdaptiveMutex, OfWaitersThatAreAllSuspendedTheFirstToBeResumedTakesIt) {
    Machine machine;
    Waiters w;
    machine.run([&](MayBlock const& context) {
        w.mutex.lock(context);
        TestThread a("5", 5, w.taker("5"));
        TestThread b("4", 4, w.taker("4"));
        TestThread last("last", 1, w.last());
        w.all_queued.wait(context);
        EXPECT_EQ(a.get().suspend(context), ThreadError::none);
        EXPECT_EQ(b.get().suspend(context), ThreadError::none);
        w.mutex.unlock(context);
        EXPECT_EQ(w.mutex.owner(), nullptr);
        EXPECT_EQ(b.get().resume(context), ThreadError::none);
        EXPECT_EQ(b.get().join(context), ThreadError::none);
        EXPECT_EQ(a.get().resume(context), ThreadError::none);
        EXPECT_EQ(a.get().join(context), ThreadError::none);
        EXPECT_TRUE(w.mutex.try_lock(context));
        w.mutex.unlock(context);
    });
    EXPECT_EQ(w.trace.text(), "4 5");
}

// A bottom half that wants the mutex comes at every memory access of lock and unlock.
TEST(AdaptiveMutex, ABottomHalfContendsAtEveryPoint) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        AdaptiveMutex mutex("m");
        u32 served = 0;
        bool inside = false;
        TestContinuation next(Ipl::softnet, [&](MayBlock const& context) {
            mutex.lock(context);
            EXPECT_FALSE(inside) << "point " << n;
            ++served;
            mutex.unlock(context);
        });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { next.schedule(context); });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            mutex.lock(context);
            inside = true;
            sim::point();
            inside = false;
            mutex.unlock(context);
        });
        sim::point();
        EXPECT_EQ(served, injected ? 1u : 0u) << "point " << n;
        EXPECT_EQ(mutex.owner(), nullptr);
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(2));
}

TEST(AdaptiveMutexDeathTest, LockedAgainByItsOwner) {
    Machine machine;
    AdaptiveMutex mutex("inode");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        EXPECT_DEATH(mutex.lock(context), "locked again by its owner .inode");
        mutex.unlock(context);
    });
}

TEST(AdaptiveMutexDeathTest, UnlockedByAStranger) {
    Machine machine;
    AdaptiveMutex mutex("inode");
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(mutex.unlock(context), "unlocked by a thread that does not own it .inode");
        mutex.lock(context);
        TestThread stranger("stranger", kMainPriority + 1, [&](MayBlock const& its_context) {
            EXPECT_DEATH(mutex.unlock(its_context), "does not own it .inode");
        });
        mutex.unlock(context);
    });
}

TEST(AdaptiveMutexDeathTest, SleepUnderASpinMutex) {
    Machine machine;
    AdaptiveMutex mutex("inode");
    SpinMutex<Ipl::softclock> spin("queue");
    machine.run([&](MayBlock const& context) {
        TestThread owner("owner", kMainPriority + 1, [&](MayBlock const& its_context) {
            mutex.lock(its_context);
            Semaphore never("never");
            never.wait(its_context);
        });
        SpinGuard const guard(spin, context);
        EXPECT_DEATH(mutex.lock(context), "sleep while holding a spin mutex .queue");
    });
}

}  // namespace
}  // namespace pivot
