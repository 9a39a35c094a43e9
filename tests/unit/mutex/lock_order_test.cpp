// The order and context checker: each rule fires on its pattern, and not on what is allowed.
#include "mutex/lock_order.hpp"

#include "mutex/adaptive_mutex.hpp"
#include "mutex/lock_report.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

// A machine on which violations are kept, for the test to look at.
struct Watched : Machine {
    Watched() { LockOrder::set_fatal(false); }
};

template <typename First, typename Second>
void nest(First& first, Second& second, MayBlock const& context) {
    SpinGuard const outer(first, context);
    SpinGuard const inner(second, context);
}

TEST(LockOrder, OneOrderIsNoViolation) {
    Watched machine;
    SpinMutex<Ipl::vm> a("a"), b("b"), c("c");
    machine.run([&](MayBlock const& context) {
        for (int i = 0; i < 3; ++i) {
            nest(a, b, context);
            nest(b, c, context);
            nest(a, c, context);
        }
    });
    EXPECT_EQ(LockOrder::violations(), 0u);
    EXPECT_EQ(LockGraph::edges(), 3u);
}

TEST(LockOrder, TwoOrdersAreFoundWithoutADeadlock) {
    Watched machine;
    SpinMutex<Ipl::vm> a("a"), b("b");
    machine.run([&](MayBlock const& context) {
        nest(a, b, context);
        EXPECT_EQ(LockOrder::violations(), 0u);
        nest(b, a, context);
        EXPECT_EQ(LockOrder::violations(), 1u);
        nest(b, a, context);
        nest(a, b, context);
    });
    EXPECT_EQ(LockOrder::violations(), 1u) << "a pattern is reported once";
}

TEST(LockOrder, ACycleOfThreeIsFound) {
    Watched machine;
    SpinMutex<Ipl::vm> a("a"), b("b"), c("c");
    machine.run([&](MayBlock const& context) {
        nest(a, b, context);
        nest(b, c, context);
        EXPECT_EQ(LockOrder::violations(), 0u);
        nest(c, a, context);
    });
    EXPECT_EQ(LockOrder::violations(), 1u);
    LockGraph::Path const path = LockGraph::find_path(*a.info().of_class, *c.info().of_class);
    EXPECT_EQ(path.length, 3u);
}

TEST(LockOrder, ClassesAreJudgedNotObjects) {
    Watched machine;
    SpinMutex<Ipl::vm> a1("a"), a2("a"), b1("b"), b2("b");
    machine.run([&](MayBlock const& context) {
        nest(a1, b1, context);
        nest(b2, a2, context);
    });
    EXPECT_EQ(LockOrder::violations(), 1u);
}

TEST(LockOrder, ATryLockWaitsForNobodyButHoldsWhatItTook) {
    Watched machine;
    SpinMutex<Ipl::vm> a("a"), b("b"), c("c");
    machine.run([&](MayBlock const& context) {
        nest(a, b, context);
        b.lock(context);
        ASSERT_TRUE(a.try_lock(context));  // against the order, but it would not have waited
        EXPECT_EQ(LockOrder::violations(), 0u);
        SpinGuard const inner(c, context);
        a.unlock();
        b.unlock();
    });
    EXPECT_TRUE(LockGraph::has(*a.info().of_class, *c.info().of_class));
    EXPECT_EQ(LockOrder::violations(), 0u);
}

TEST(LockOrder, AHigherLevelIsTakenUnderALowerOne) {
    Watched machine;
    SpinMutex<Ipl::vm> low("low");
    SpinMutex<Ipl::high> high("high");
    machine.run([&](MayBlock const& context) { nest(low, high, context); });
    EXPECT_EQ(LockOrder::violations(), 0u);
}

TEST(LockOrder, ALowerLevelUnderAHigherOneIsReportedAtOnce) {
    Watched machine;
    SpinMutex<Ipl::vm> low("low");
    SpinMutex<Ipl::high> high("high");
    machine.run([&](MayBlock const& context) { nest(high, low, context); });
    EXPECT_EQ(LockOrder::violations(), 1u);
}

TEST(LockOrder, TwoOfAClassAreReportedUnlessNested) {
    Watched machine;
    SpinMutex<Ipl::vm> a("tree"), b("tree"), c("list"), d("list");
    machine.run([&](MayBlock const& context) {
        SpinGuard const parent(a, context);
        SpinGuard const child(b, context, Nesting::nested);
    });
    EXPECT_EQ(LockOrder::violations(), 0u);
    machine.run([&](MayBlock const& context) { nest(c, d, context); });
    EXPECT_EQ(LockOrder::violations(), 1u);
}

// What the interrupted code holds, the top half holds up.
TEST(LockOrder, ATopHalfAddsToWhatItInterrupted) {
    Watched machine;
    SpinMutex<Ipl::vm> a("a");
    SpinMutex<Ipl::high> b("b");
    TestLine<Ipl::high> line(40, [&](auto const& context) { SpinGuard const guard(b, context); });
    machine.run([&](MayBlock const& context) {
        SpinGuard const guard(a, context);
        line.fire();
    });
    EXPECT_TRUE(LockGraph::has(*a.info().of_class, *b.info().of_class));
    EXPECT_EQ(LockOrder::violations(), 0u);
}

TEST(LockOrder, SleepingLocksAreJudgedByThread) {
    Watched machine;
    AdaptiveMutex a("a"), b("b");
    SpinMutex<Ipl::vm> s("s");
    machine.run([&](MayBlock const& context) {
        {
            AdaptiveGuard const first(a, context);
            AdaptiveGuard const second(b, context);
            SpinGuard const third(s, context);
        }
        EXPECT_EQ(LockOrder::violations(), 0u);
        TestThread other("other", kMainPriority + 1, [&](MayBlock const& its_context) {
            AdaptiveGuard const first(b, its_context);
            AdaptiveGuard const second(a, its_context);
        });
    });
    EXPECT_EQ(LockOrder::violations(), 1u);
    EXPECT_TRUE(LockGraph::has(*b.info().of_class, *s.info().of_class));
}

TEST(LockOrder, WhatAnInterruptedThreadOwnsConcernsNoTopHalf) {
    Watched machine;
    AdaptiveMutex mutex("mutex");
    SpinMutex<Ipl::vm> spin("spin");
    TestLine<Ipl::vm> line(40, [&](auto const& context) { SpinGuard const guard(spin, context); });
    machine.run([&](MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        line.fire();
    });
    EXPECT_EQ(LockGraph::edges(), 0u);
}

TEST(LockOrder, SleepingLocksAreReleasedInAnyOrder) {
    Watched machine;
    AdaptiveMutex a("a"), b("b"), c("c"), d("d");
    machine.run([&](MayBlock const& context) {
        a.lock(context);
        b.lock(context);
        c.lock(context);
        b.unlock(context);
        a.unlock(context);
        d.lock(context);
        d.unlock(context);
        c.unlock(context);
        EXPECT_EQ(locks_owned_by_current()->count, 0u);
    });
    EXPECT_TRUE(LockGraph::has(*c.info().of_class, *d.info().of_class));
    EXPECT_FALSE(LockGraph::has(*a.info().of_class, *d.info().of_class));
}

TEST(LockOrder, LoweringTheSplBelowAHeldMutexIsReported) {
    Watched machine;
    SpinMutex<Ipl::vm> mutex("m");
    machine.run([&](MayBlock const& context) {
        Spl const old = splraise(Ipl::softclock);
        mutex.lock(context);
        splx(old);  // and now a line at vm gets in
        EXPECT_EQ(LockOrder::violations(), 1u);
        mutex.unlock();
        splx(Spl{0});
    });
    EXPECT_EQ(LockOrder::violations(), 1u);
}

TEST(LockOrder, RaisedFurtherAndLoweredAgainUnderAMutexIsFine) {
    Watched machine;
    SpinMutex<Ipl::vm> mutex("m");
    machine.run([&](MayBlock const& context) {
        SpinGuard const guard(mutex, context);
        SplGuard const further(Ipl::high);
    });
    EXPECT_EQ(LockOrder::violations(), 0u);
}

// irq-safety: held with the SPL too low at one time, taken by a top half at another.
TEST(LockOrder, ATopHalfThatTakesALoweredClassMakesItWorse) {
    Watched machine;
    SpinMutex<Ipl::vm> mutex("m");
    TestLine<Ipl::vm> line(40, [&](auto const& context) { SpinGuard const guard(mutex, context); });
    machine.run([&](MayBlock const& context) {
        Spl const old = splraise(Ipl::softclock);
        mutex.lock(context);
        splx(old);
        mutex.unlock();
        EXPECT_EQ(LockOrder::violations(), 1u);
        line.fire();
        EXPECT_EQ(LockOrder::violations(), 2u);
        line.fire();
    });
    EXPECT_EQ(LockOrder::violations(), 2u);
}

TEST(LockOrder, AMutexOfItsTopHalfsLevelIsSafe) {
    Watched machine;
    SpinMutex<Ipl::vm> mutex("m");
    TestLine<Ipl::vm> line(40, [&](auto const& context) { SpinGuard const guard(mutex, context); });
    machine.run([&](MayBlock const& context) {
        line.fire();
        SpinGuard const guard(mutex, context);
        line.fire();
    });
    EXPECT_EQ(LockOrder::violations(), 0u);
}

TEST(LockOrderDeathTest, AViolationPanicsUnlessToldOtherwise) {
    Machine machine;
    SpinMutex<Ipl::vm> a("alpha"), b("beta");
    machine.run([&](MayBlock const& context) {
        nest(a, b, context);
        EXPECT_DEATH(nest(b, a, context), "locks are taken in two orders .'alpha' under 'beta'");
    });
}

TEST(LockOrderDeathTest, ReleasedByATopHalfThatDidNotTakeIt) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("theirs");
    TestLine<Ipl::high> line(40, [&](auto const&) { mutex.unlock(); });
    machine.run([&](MayBlock const& context) {
        SpinGuard const guard(mutex, context);
        EXPECT_DEATH(line.fire(), "released by another thread or top half than took it .theirs");
    });
}

TEST(LockOrderDeathTest, TheSplIsRaisedWhereAThreadSleeps) {
    Machine machine;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        SplGuard const raised(Ipl::vm);
        EXPECT_DEATH(mutex.lock(context), "sleep with the SPL raised .m");
    });
}

// The checker may be interrupted by itself, at any access.
TEST(LockOrder, InterruptedAtEveryPointItMissesNoEdge) {
    for_each_point([&](u64 n) {
        Watched machine;
        SpinMutex<Ipl::vm> a("a"), b("b");
        SpinMutex<Ipl::high> c("c"), d("d");
        TestLine<Ipl::high> line(40, [&](auto const& context) {
            SpinGuard const outer(c, context);
            SpinGuard const inner(d, context);
        });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            nest(a, b, context);
        });
        sim::point();
        EXPECT_TRUE(LockGraph::has(*a.info().of_class, *b.info().of_class)) << "point " << n;
        if (injected) {
            EXPECT_TRUE(LockGraph::has(*c.info().of_class, *d.info().of_class)) << "point " << n;
        }
        EXPECT_EQ(LockOrder::violations(), 0u) << "point " << n;
        machine.expect_at_rest();
        return injected;
    });
}

}  // namespace
}  // namespace pivot
