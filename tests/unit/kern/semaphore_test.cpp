// Semaphore: counting, waiting by priority, posting from a bottom half, and who may not wait.
#include "kern/semaphore.hpp"

#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

TEST(Semaphore, Counts) {
    Machine machine;
    Semaphore semaphore("s", 2);
    machine.run([&](MayBlock const& context) {
        semaphore.wait(context);
        EXPECT_TRUE(semaphore.try_wait(context));
        EXPECT_FALSE(semaphore.try_wait(context));
        EXPECT_EQ(semaphore.count(), 0u);
        semaphore.post(context);
        semaphore.post(context);
        EXPECT_EQ(semaphore.count(), 2u);
    });
    machine.expect_at_rest();
}

TEST(Semaphore, AHigherWaiterRunsBeforePostReturns) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        TestThread waiter("waiter", kMainPriority + 1, [&](MayBlock const& its_context) {
            semaphore.wait(its_context);
            trace.add("waiter");
        });
        trace.add("post");
        semaphore.post(context);
        trace.add("posted");
    });
    EXPECT_EQ(trace.text(), "post waiter posted");
    EXPECT_EQ(semaphore.count(), 0u) << "the post gives its one to the waiter";
    machine.expect_at_rest();
}

TEST(Semaphore, WakesByPriorityThenByArrival) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        auto waiter = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                semaphore.wait(its_context);
                trace.add(name);
            };
        };
        TestThread a("a", 10, waiter("10a"));
        TestThread b("b", 12, waiter("12a"));
        TestThread c("c", 10, waiter("10b"));
        TestThread d("d", 12, waiter("12b"));
        for (int i = 0; i < 4; ++i) {
            semaphore.post(context);
        }
    });
    EXPECT_EQ(trace.text(), "12a 12b 10a 10b");
}

TEST(Semaphore, PostedByAContinuationItPreemptsTheInterruptedThread) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    TestContinuation post(Ipl::softclock, [&](MayBlock const& context) {
        semaphore.post(context);
        trace.add("posted");
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { post.schedule(context); });
    machine.run([&](MayBlock const&) {
        TestThread waiter("waiter", kMainPriority + 1, [&](MayBlock const& its_context) {
            semaphore.wait(its_context);
            trace.add("waiter");
        });
        line.fire();
        trace.add("main");
    });
    EXPECT_EQ(trace.text(), "posted waiter main");
    machine.expect_at_rest();
}

// A post by a bottom half at every memory access of a wait, until the CPU is idle.
TEST(Semaphore, NoPostIsLostAtAnyPointOfWait) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        Semaphore semaphore("s");
        TestContinuation post(Ipl::softnet, [&](auto const& context) { semaphore.post(context); });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { post.schedule(context); });
        sim::Timer::arm(1'000'000);  // something to be idle for
        bool idle = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    idle = current_thread().priority() == kIdlePriority;
                }
            });
            semaphore.wait(context);
        });
        EXPECT_EQ(semaphore.count(), 0u) << "point " << n;
        machine.expect_at_rest();
        return !idle;
    });
    EXPECT_GE(points, least_points(10));
}

TEST(SemaphoreDeathTest, WhoMayNotSleep) {
    Machine machine;
    Semaphore semaphore("frames");
    SpinMutex<Ipl::vm> mutex("ring");
    MayBlock const* smuggled = nullptr;
    TestLine<Ipl::vm> line(40, [&](auto const&) { semaphore.wait(*smuggled); });
    machine.run([&](MayBlock const& context) {
        smuggled = &context;
        EXPECT_DEATH(line.fire(), "a top half may not block .frames");
        {
            SpinGuard const guard(mutex, context);
            EXPECT_DEATH(semaphore.wait(context), "sleep while holding a spin mutex .ring");
        }
        SplGuard const raised(Ipl::vm);
        EXPECT_DEATH(semaphore.wait(context), "sleep with the SPL raised .frames");
    });
}

}  // namespace
}  // namespace pivot
