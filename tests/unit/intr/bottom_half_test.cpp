// Bottom halves: entered straight, pinned thread resumed, blocking in a continuation.
#include "intr/bottom_half.hpp"

#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

TEST(BottomHalf, IsAThreadOfItsOwnThatOutranksAll) {
    Machine machine;
    Thread* ran = nullptr;
    TestContinuation next(Ipl::softbio, [&](auto const&) { ran = &current_thread(); });
    machine.run([&](MayBlock const& context) { next.schedule(context); });
    ASSERT_NE(ran, nullptr);
    EXPECT_STREQ(ran->name(), "softbio");
    EXPECT_TRUE(ran->is_bottom_half());
    EXPECT_GE(ran->priority(), kThreadPriorities);
    machine.expect_at_rest();
}

TEST(BottomHalf, IsEnteredFromInterruptExitBeforeTheNextStatement) {
    Machine machine;
    Trace trace;
    TestContinuation next(Ipl::softserial, [&](auto const&) { trace.add("bottom"); });
    TestLine<Ipl::high> line(40, [&](auto const& context) {
        next.schedule(context);
        trace.add("top");
    });
    line.fire();
    trace.add("thread");
    EXPECT_EQ(trace.text(), "top bottom thread");
    machine.expect_at_rest();
}

TEST(BottomHalf, BlockingLetsTheInterruptedThreadGoOnAtOnce) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    TestContinuation next(Ipl::softnet, [&](MayBlock const& context) {
        trace.add("blocks");
        semaphore.wait(context);
        trace.add("continues");
        EXPECT_EQ(spl_current().held, held_at(Ipl::softnet));
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { next.schedule(context); });
    machine.run([&](MayBlock const& context) {
        line.fire();
        trace.add("main");
        semaphore.post(context);  // it outranks main and runs at once
        trace.add("end");
    });
    EXPECT_EQ(trace.text(), "blocks main continues end");
    machine.expect_at_rest();
}

TEST(BottomHalf, WhatIsQueuedWhileItIsBlockedRunsAfterIt) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    TestContinuation second(Ipl::softnet, [&](auto const&) { trace.add("second"); });
    TestContinuation first(Ipl::softnet, [&](MayBlock const& context) {
        semaphore.wait(context);
        trace.add("first");
    });
    machine.run([&](MayBlock const& context) {
        first.schedule(context);
        EXPECT_TRUE(second.schedule(context));
        trace.add("main");
        EXPECT_TRUE(second.get().is_queued());
        semaphore.post(context);
        trace.add("end");
    });
    EXPECT_EQ(trace.text(), "main first second end");
    machine.expect_at_rest();
}

TEST(BottomHalf, OtherLevelsRunWhileOneIsBlocked) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    TestContinuation blocked(Ipl::softserial, [&](MayBlock const& context) {
        semaphore.wait(context);
        trace.add("serial");
    });
    TestContinuation clock(Ipl::softclock, [&](auto const&) { trace.add("clock"); });
    machine.run([&](MayBlock const& context) {
        blocked.schedule(context);
        clock.schedule(context);
        trace.add("main");
        semaphore.post(context);
    });
    EXPECT_EQ(trace.text(), "clock main serial");
    machine.expect_at_rest();
}

TEST(BottomHalf, ABlockedOneIsPinnedByAnotherWhichGoesOn) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    TestContinuation serial(Ipl::softserial, [&](MayBlock const& context) {
        trace.add("serial<");
        semaphore.wait(context);
        trace.add(">serial");
    });
    TestContinuation clock(Ipl::softclock, [&](MayBlock const& context) {
        trace.add("clock<");
        serial.schedule(context);
        EXPECT_EQ(spl_current().held, held_at(Ipl::softclock));
        trace.add(">clock");
    });
    machine.run([&](MayBlock const& context) {
        clock.schedule(context);
        trace.add("main");
        semaphore.post(context);
    });
    EXPECT_EQ(trace.text(), "clock< serial< >clock main >serial");
    machine.expect_at_rest();
}

TEST(BottomHalf, ReadiesAHigherThreadThenBlocks) {
    for (Ipl const level : {Ipl::softbio, Ipl::softserial}) {
        Machine machine;
        Trace trace;
        Semaphore wake("wake"), resume("resume");
        TestContinuation next(level, [&](MayBlock const& context) {
            wake.post(context);
            trace.add("posted");
            resume.wait(context);
            trace.add("resumed");
        });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { next.schedule(context); });
        machine.run([&](MayBlock const& context) {
            TestThread high("high", kMainPriority + 1, [&](MayBlock const& its_context) {
                wake.wait(its_context);
                trace.add("high");
            });
            line.fire();
            trace.add("main");
            resume.post(context);
        });
        EXPECT_EQ(trace.text(), "posted high main resumed") << name_of(level);
        machine.expect_at_rest();
    }
}

TEST(BottomHalf, UnblockedByAnInterruptedThreadsPeer) {
    Machine machine;
    Trace trace;
    AdaptiveMutex mutex("m");
    TestContinuation next(Ipl::softbio, [&](MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        trace.add("bottom");
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { next.schedule(context); });
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        line.fire();
        trace.add("holder");
        mutex.unlock(context);
        trace.add("after");
    });
    EXPECT_EQ(trace.text(), "holder bottom after");
    machine.expect_at_rest();
}

// Everything at once: a continuation that wakes a higher thread and blocks, interrupted at every
// point by a line that schedules another continuation of the same level.
TEST(BottomHalfPoints, BlockAndWakeAtEveryPoint) {
    for (Ipl const level : {Ipl::softbio, Ipl::softserial}) {
        u64 const points = for_each_point([&](u64 n) {
            Machine machine;
            int high_runs = 0, extra_runs = 0, done = 0;
            Semaphore wake("wake"), resume("resume");
            TestContinuation next(level, [&](MayBlock const& context) {
                wake.post(context);
                resume.wait(context);
                ++done;
            });
            TestContinuation extra(level, [&](auto const&) { ++extra_runs; });
            TestLine<Ipl::sched> line(40, [&](auto const& context) { extra.schedule(context); });
            bool injected = false;
            machine.run([&](MayBlock const& context) {
                TestThread high("high", kMainPriority + 1, [&](MayBlock const& its_context) {
                    wake.wait(its_context);
                    ++high_runs;
                });
                sim::Schedule const schedule([&](u64 point) {
                    if (point == n) {
                        line.pend();
                        injected = true;
                    }
                });
                next.schedule(context);
                resume.post(context);
            });
            sim::point();
            EXPECT_EQ(high_runs, 1) << "point " << n;
            EXPECT_EQ(done, 1) << "point " << n;
            EXPECT_EQ(extra_runs, injected ? 1 : 0) << "point " << n;
            machine.expect_at_rest();
            return injected;
        });
        EXPECT_GE(points, least_points(50));
    }
}

TEST(BottomHalfDeathTest, SoftclockMayNotBlock) {
    Machine machine;
    Semaphore semaphore("s");
    TestContinuation next(Ipl::softclock, [&](auto const& context) { semaphore.wait(context); });
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(next.schedule(context), "a softclock continuation blocks");
    });
}

TEST(BottomHalfDeathTest, AContinuationMustRestoreTheSplAndReleaseItsMutexes) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("ring");
    TestContinuation raises(Ipl::softnet, [](auto const&) { (void)splraise(Ipl::vm); });
    TestContinuation keeps(Ipl::softnet, [&](auto const& context) { mutex.lock(context); });
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(raises.schedule(context), "a continuation returned with another SPL");
        EXPECT_DEATH(keeps.schedule(context), "a continuation returned");
    });
}

}  // namespace
}  // namespace pivot
