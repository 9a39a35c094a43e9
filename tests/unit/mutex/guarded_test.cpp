// The mixed-guard checker: what it finds, and that it is silent about what is in order.
#include "mutex/guarded.hpp"

#include "intr/deferral.hpp"
#include "kern/read_write_lock.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/guard_report.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

// A machine on which clashes are kept, for the test to look at.
struct Watching : Machine {
    Watching() { LockOrder::set_fatal(false); }
    ~Watching() { LockOrder::set_fatal(true); }
};

std::string reason_of(u32 index) {
    GuardClash const* const clash = GuardReport::at(index);
    return clash != nullptr ? GuardReport::reason(*clash) : "no clash";
}

TEST(Guarded, OneThreadNeedsNoGuard) {
    Watching machine;
    Guarded<int> data("data", 3);
    machine.run([&](MayBlock const&) {
        *data.write() += 1;
        SplGuard const hold(Ipl::vm);
        *data.write() += *data.read();
    });
    EXPECT_EQ(GuardReport::count(), 0u);
    EXPECT_EQ(*data.read(), 8);
}

TEST(Guarded, UnderSplAgainstTheTopHalfItHoldsOff) {
    Watching machine;
    Guarded<int> data("data", 0);
    machine.run([&](MayBlock const&) {
        *data.write() = 1;  // nobody else is there yet
        TestLine<Ipl::vm> line(40, [&](TopHalf<Ipl::vm> const&) { ++*data.write(); });
        for (int i = 0; i < 3; ++i) {
            line.fire();
            SplGuard const hold(Ipl::vm);
            ++*data.write();
        }
    });
    EXPECT_EQ(GuardReport::count(), 0u);
}

TEST(Guarded, ForgottenSplIsFoundOnce) {
    Watching machine;
    Guarded<int> data("data", 0);
    machine.run([&](MayBlock const&) {
        TestLine<Ipl::vm> line(40, [&](TopHalf<Ipl::vm> const&) { ++*data.write(); });
        ++*data.write();
        line.fire();
        EXPECT_EQ(GuardReport::count(), 0u) << "the first thread's was initialisation";
        for (int i = 0; i < 3; ++i) {
            ++*data.write();
            line.fire();
        }
    });
    ASSERT_EQ(GuardReport::count(), 1u);
    GuardClash const& clash = *GuardReport::at(0);
    EXPECT_EQ(reason_of(0), "under nothing");
    EXPECT_STREQ(clash.object, "data");
    EXPECT_TRUE(clash.earlier.top_half);
    EXPECT_EQ(clash.earlier.level, Ipl::vm);
    EXPECT_FALSE(clash.now.top_half);
}

TEST(Guarded, AnSplBelowTheTopHalf) {
    Watching machine;
    Guarded<int> data("data", 0);
    machine.run([&](MayBlock const&) {
        TestLine<Ipl::high> line(40, [&](TopHalf<Ipl::high> const&) { ++*data.write(); });
        ++*data.write();
        line.fire();
        SplGuard const hold(Ipl::sched);
        ++*data.write();
    });
    EXPECT_EQ(reason_of(0), "the SPL of one lets the other come");
}

TEST(Guarded, TwoLevelsOfTopHalves) {
    Watching machine;
    Guarded<int> data("data", 0);
    bool raises = true;
    machine.run([&](MayBlock const&) {
        TestLine<Ipl::high> high(40, [&](TopHalf<Ipl::high> const&) { ++*data.write(); });
        TestLine<Ipl::vm> low(41, [&](TopHalf<Ipl::vm> const&) {
            if (raises) {
                SplGuard const hold(Ipl::high);
                ++*data.write();
            } else {
                ++*data.write();
            }
        });
        high.fire();
        low.fire();
        high.fire();
        EXPECT_EQ(GuardReport::count(), 0u) << "its level is vm, although its SPL was high";
        raises = false;
        low.fire();
    });
    EXPECT_EQ(reason_of(0), "the SPL of one lets the other come");
}

TEST(Guarded, SplHereMutexThere) {
    Watching machine;
    Guarded<int> data("ring", 0);
    SpinMutex<Ipl::vm> mutex("x");
    machine.run([&](MayBlock const& context) {
        TestLine<Ipl::high> line(40, [&](TopHalf<Ipl::high> const&) { ++*data.write(); });
        line.fire();
        {
            SplGuard const hold(Ipl::high);
            ++*data.write();
        }
        EXPECT_EQ(GuardReport::count(), 0u);
        {
            SpinGuard const guard(mutex, context);
            ++*data.write();
        }
        line.fire();
    });
    EXPECT_EQ(reason_of(0), "a lock on one side, an SPL on the other");
}

TEST(Guarded, AMutexOfTheInterruptedThreadIsNotTheTopHalfs) {
    Watching machine;
    Guarded<int> data("data", 0);
    SpinMutex<Ipl::vm> mutex("x");
    machine.run([&](MayBlock const& context) {
        TestLine<Ipl::sched> line(40, [&](TopHalf<Ipl::sched> const&) { ++*data.write(); });
        ++*data.write();
        SpinGuard const guard(mutex, context);
        line.fire();
        ++*data.write();
    });
    EXPECT_EQ(GuardReport::count(), 1u);
}

TEST(Guarded, TwoLocks) {
    Watching machine;
    Guarded<int> data("data", 0);
    AdaptiveMutex a("a"), b("b");
    machine.run([&](MayBlock const& context) {
        auto const under = [&](AdaptiveMutex& mutex, MayBlock const& who) {
            AdaptiveGuard const guard(mutex, who);
            ++*data.write();
        };
        under(a, context);
        TestThread other("other", 20, [&](MayBlock const& its) { under(a, its); });
        under(a, context);
        EXPECT_EQ(GuardReport::count(), 0u);
        under(b, context);
    });
    EXPECT_EQ(reason_of(0), "two locks that know nothing of each other");
}

// Each two have one in common; all three have none.
TEST(Guarded, ThreePlacesThatAreApartTwoByTwo) {
    Watching machine;
    Guarded<int> data("data", 0);
    SpinMutex<Ipl::vm> a("a"), b("b"), c("c");
    machine.run([&](MayBlock const& context) {
        auto const under = [&](SpinMutex<Ipl::vm>& x, SpinMutex<Ipl::vm>& y, MayBlock const& who) {
            SpinGuard const first(x, who);
            SpinGuard const second(y, who);
            ++*data.write();
        };
        under(a, b, context);
        TestThread second("second", 20, [&](MayBlock const& its) { under(b, c, its); });
        TestThread third("third", 20, [&](MayBlock const& its) { under(a, c, its); });
        under(a, b, context);
    });
    EXPECT_EQ(GuardReport::count(), 0u);
}

TEST(Guarded, ReadersNeedNoGuardAmongThemselves) {
    Watching machine;
    Guarded<int> data("data", 7);
    machine.run([&](MayBlock const&) {
        int sum = *data.read();
        TestThread other("other", 20, [&](MayBlock const&) { sum += *data.read(); });
        sum += *data.read();
        EXPECT_EQ(sum, 21);
        EXPECT_EQ(GuardReport::count(), 0u);
        ++*data.write();
    });
    EXPECT_EQ(reason_of(0), "under nothing");
}

TEST(Guarded, AReadersLockIsNoGuardForAWriter) {
    Watching machine;
    Guarded<int> data("data", 0);
    ReadWriteLock lock("rw");
    machine.run([&](MayBlock const& context) {
        ++*data.write();
        TestThread other("other", 20, [&](MayBlock const& its) {
            WriteGuard const guard(lock, its);
            ++*data.write();
        });
        {
            ReadGuard const guard(lock, context);
            (void)*data.read();
            ++*data.write();  // the writer is kept out
        }
        EXPECT_EQ(GuardReport::count(), 0u);
        TestThread third("third", 20, [&](MayBlock const& its) {
            ReadGuard const guard(lock, its);
            ++*data.write();  // another such is not
        });
    });
    EXPECT_NE(GuardReport::count(), 0u);
}

TEST(Guarded, AThreadAndABottomHalf) {
    Watching machine;
    Guarded<int> data("data", 0);
    machine.run([&](MayBlock const& context) {
        TestContinuation after(Ipl::softnet, [&](MayBlock const&) { ++*data.write(); });
        ++*data.write();
        after.schedule(context);
        {
            SplGuard const hold(Ipl::softnet);
            ++*data.write();
        }
        EXPECT_EQ(GuardReport::count(), 0u);
        SplGuard const hold(Ipl::softbio);
        ++*data.write();
    });
    EXPECT_EQ(reason_of(0), "the SPL of one lets the other come");
}

void serve(MayBlock const&, int&) {}

TEST(Guarded, WhatATopHalfTookByLockOrDefer) {
    Watching machine;
    Guarded<int> data("data", 0);
    AdaptiveMutex mutex("port");
    int nothing = 0;
    auto after = LockedContinuation::to<&serve>(Ipl::softserial, mutex, nothing);
    machine.run([&](MayBlock const& context) {
        TestLine<Ipl::vm, LineEnd> line(40, [&](TopHalf<Ipl::vm> const& its) -> LineEnd {
            auto const lock = lock_or_defer(its, mutex, after);
            if (lock.is_taken()) {
                ++*data.write();
            }
            return lock.end();
        });
        for (int i = 0; i < 3; ++i) {
            line.fire();
            AdaptiveGuard const guard(mutex, context);
            ++*data.write();
        }
    });
    EXPECT_EQ(GuardReport::count(), 0u);
}

TEST(Guarded, HandedOver) {
    Watching machine;
    Guarded<int> data("data", 0);
    machine.run([&](MayBlock const&) {
        ++*data.write();
        data.handed_over();
        TestThread other("other", 20, [&](MayBlock const&) { ++*data.write(); });
        data.handed_over();
        ++*data.write();
    });
    EXPECT_EQ(GuardReport::count(), 0u);
}

TEST(Guarded, AGuardThatEndsHalfWay) {
    Watching machine;
    Guarded<int> data("data", 0);
    SpinMutex<Ipl::vm> mutex("x");
    machine.run([&](MayBlock const& context) {
        TestLine<Ipl::vm> line(40, [&](TopHalf<Ipl::vm> const& its) {
            SpinGuard const guard(mutex, its);
            ++*data.write();
        });
        line.fire();
        mutex.lock(context);
        data.write([&](int& value) {
            ++value;
            EXPECT_EQ(GuardReport::count(), 0u);
            mutex.unlock();
        });
        line.fire();
    });
    EXPECT_EQ(GuardReport::count(), 1u);
}

TEST(Guarded, APatternThatThereIsNoRoomForIsJudgedAllTheSame) {
    Watching machine;
    GuardWatch watch("softc");
    std::list<AdaptiveMutex> mutexes;
    for (int i = 0; i < 10; ++i) {
        mutexes.emplace_back("m");
    }
    AdaptiveMutex common("common");
    machine.run([&](MayBlock const& context) {
        watch.writes();
        TestThread other("other", 20, [&](MayBlock const& its) {
            AdaptiveGuard const guard(common, its);
            watch.writes();
        });
        for (AdaptiveMutex& mutex : mutexes) {
            AdaptiveGuard const guard(common, context);
            AdaptiveGuard const inner(mutex, context);
            watch.writes();
        }
        EXPECT_EQ(GuardReport::count(), 0u);
        watch.reads();
    });
    EXPECT_EQ(GuardReport::count(), 1u);
}

TEST(Guarded, AClashPanics) {
    Machine machine;
    Guarded<int> data("uart ring", 0);
    machine.run([&](MayBlock const&) {
        TestLine<Ipl::vm> line(40, [&](TopHalf<Ipl::vm> const&) { ++*data.write(); });
        ++*data.write();
        line.fire();
        EXPECT_DEATH(++*data.write(), "data is touched with no guard in common .uart ring");
    });
}

}  // namespace
}  // namespace pivot
