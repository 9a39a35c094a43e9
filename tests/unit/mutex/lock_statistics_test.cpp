// Locks come into the books on their first use; statistics are counted while they are on.
#include "mutex/lock_statistics.hpp"

#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

u64 word_of(LockInfo const& lock) { return atomic::load_relaxed(&lock.word); }

template <typename M>
void take_once(M& mutex, MayBlock const& context) {
    mutex.lock(context);
    if constexpr (requires { mutex.unlock(context); }) {
        mutex.unlock(context);
    } else {
        mutex.unlock();
    }
}

LockClass const* class_named(std::string const& name) {
    for (u32 i = 0; i < LockClass::count(); ++i) {
        if (LockClass::at(i).name() == name) {
            return &LockClass::at(i);
        }
    }
    return nullptr;
}

TEST(LockClass, ALockIsInTheBooksFromItsFirstUseOn) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("first use");
    EXPECT_EQ(class_named("first use"), nullptr);
    EXPECT_EQ(word_of(mutex.info()), mutex.info().counted());
    machine.run([&](MayBlock const& context) { take_once(mutex, context); });
    ASSERT_NE(class_named("first use"), nullptr);
    EXPECT_EQ(class_named("first use")->kind(), LockKind::spin);
    EXPECT_EQ(class_named("first use")->level(), Ipl::vm);
    EXPECT_EQ(word_of(mutex.info()), 0u) << "off: from now on the fast path";
}

TEST(LockClass, IsNameKindAndLevel) {
    Machine machine;
    char same_text[] = "q";
    SpinMutex<Ipl::vm> a("q"), b(same_text);
    SpinMutex<Ipl::sched> other_level("q");
    AdaptiveMutex other_kind("q");
    machine.run([&](MayBlock const& context) {
        take_once(a, context);
        take_once(b, context);
        take_once(other_level, context);
        take_once(other_kind, context);
    });
    EXPECT_EQ(LockClass::count(), 3u);
    EXPECT_EQ(a.info().of_class, b.info().of_class);
    EXPECT_EQ(a.info().of_class->locks(), 2u);
    EXPECT_NE(a.info().of_class, other_level.info().of_class);
    EXPECT_EQ(std::string(b.info().of_class->name()), "q");
}

TEST(LockClass, AFullTableIsCountedAndTheLockWorks) {
    Machine machine;
    std::list<std::string> names;
    std::list<SpinMutex<Ipl::vm>> locks;
    machine.run([&](MayBlock const& context) {
        for (u32 i = 0; i < LockClass::kMost + 3; ++i) {
            names.push_back("lock " + std::to_string(i));
            locks.emplace_back(names.back().c_str());
            take_once(locks.back(), context);
            take_once(locks.back(), context);
        }
    });
    EXPECT_EQ(LockClass::count(), LockClass::kMost);
    EXPECT_EQ(LockClass::without_class(), 3u);
    machine.expect_at_rest();
}

TEST(LockClass, ALockThatMustEndCanLeave) {
    Machine machine;
    SpinMutex<Ipl::vm> stays("stays"), leaves("leaves");
    machine.run([&](MayBlock const& context) {
        take_once(stays, context);
        take_once(leaves, context);
        LockClass::leave(const_cast<LockInfo&>(leaves.info()));
        LockStatistics::switch_on();
    });
    EXPECT_NE(word_of(stays.info()), 0u);
    EXPECT_EQ(word_of(leaves.info()), 0u);
}

TEST(LockStatistics, CountNothingWhileOff) {
    Machine machine;
    SpinMutex<Ipl::vm> spin("spin");
    AdaptiveMutex adaptive("adaptive");
    machine.run([&](MayBlock const& context) {
        for (int i = 0; i < 3; ++i) {
            take_once(spin, context);
            take_once(adaptive, context);
        }
    });
    EXPECT_EQ(class_named("spin")->counts.acquisitions, 0u);
    EXPECT_EQ(class_named("adaptive")->counts.acquisitions, 0u);
}

TEST(LockStatistics, CountWhileOnAndNoLonger) {
    Machine machine;
    SpinMutex<Ipl::vm> spin("spin");
    AdaptiveMutex adaptive("adaptive");
    machine.run([&](MayBlock const& context) {
        take_once(spin, context);
        LockStatistics::switch_on();
        take_once(adaptive, context);  // its first use
        for (int i = 0; i < 4; ++i) {
            take_once(spin, context);
            take_once(adaptive, context);
        }
        ASSERT_TRUE(spin.try_lock(context));
        spin.unlock();
        ASSERT_TRUE(adaptive.try_lock(context));
        adaptive.unlock(context);
        LockStatistics::switch_off();
        take_once(spin, context);
        take_once(adaptive, context);
    });
    EXPECT_EQ(class_named("spin")->counts.acquisitions, 5u);
    EXPECT_EQ(class_named("adaptive")->counts.acquisitions, 6u);
    EXPECT_EQ(class_named("spin")->counts.contentions, 0u);
    EXPECT_EQ(word_of(spin.info()), 0u);
    EXPECT_EQ(word_of(adaptive.info()), 0u);
    LockStatistics::reset();
    EXPECT_EQ(class_named("spin")->counts.acquisitions, 0u);
    machine.expect_at_rest();
}

TEST(LockStatistics, MeasureTheLongestHold) {
    Machine machine;
    SpinMutex<Ipl::vm> spin("spin");
    AdaptiveMutex adaptive("adaptive");
    machine.run([&](MayBlock const& context) {
        LockStatistics::switch_on();
        for (u64 const ticks : {50u, 1000u, 10u}) {
            spin.lock(context);
            sim::advance(ticks);
            spin.unlock();
            adaptive.lock(context);
            sim::advance(2 * ticks);
            adaptive.unlock(context);
        }
    });
    EXPECT_GE(class_named("spin")->counts.longest_hold, 1000u);
    EXPECT_LT(class_named("spin")->counts.longest_hold, 1100u);
    EXPECT_GE(class_named("adaptive")->counts.longest_hold, 2000u);
}

TEST(LockStatistics, AHoldThatBeganUncountedIsNotMeasured) {
    Machine machine;
    AdaptiveMutex adaptive("adaptive");
    SpinMutex<Ipl::vm> spin("spin");
    machine.run([&](MayBlock const& context) {
        LockStatistics::switch_on();
        take_once(adaptive, context);
        LockStatistics::switch_off();
        adaptive.lock(context);
        spin.lock(context);
        sim::advance(5000);
        LockStatistics::switch_on();
        spin.unlock();
        adaptive.unlock(context);
    });
    EXPECT_LT(class_named("adaptive")->counts.longest_hold, 1000u);
    EXPECT_EQ(class_named("spin")->counts.longest_hold, 0u);
    machine.expect_at_rest();
}

TEST(LockStatistics, SwitchedOffWhileHeldTheReleaseIsStillRight) {
    Machine machine;
    SpinMutex<Ipl::vm> first("first"), second("second");
    machine.run([&](MayBlock const& context) {
        LockStatistics::switch_on();
        first.lock(context);
        second.lock(context);
        LockStatistics::switch_off();
        first.unlock();  // out of order, and tagged
        EXPECT_EQ(SpinMutexBase::last_held(machine.cpu()), &second);
        EXPECT_EQ(second.previous(), nullptr);
        second.unlock();
    });
    EXPECT_EQ(word_of(first.info()), 0u);
    machine.expect_at_rest();
}

TEST(LockStatistics, ContentionIsCountedWithItsSleep) {
    Machine machine;
    AdaptiveMutex mutex("contended");
    machine.run([&](MayBlock const& context) {
        LockStatistics::switch_on();
        mutex.lock(context);
        TestThread waiter("waiter", kMainPriority + 2, [&](MayBlock const& its_context) {
            mutex.lock(its_context);
            mutex.unlock(its_context);
        });
        sim::advance(700);
        mutex.unlock(context);
    });
    LockCounts const& counts = class_named("contended")->counts;
    EXPECT_EQ(counts.acquisitions, 2u);
    EXPECT_EQ(counts.contentions, 1u);
    EXPECT_EQ(counts.sleeps, 1u);
    EXPECT_GE(counts.wait_ticks, 700u);
    EXPECT_EQ(counts.wait_ticks, counts.longest_wait);
    machine.expect_at_rest();
}

// Whoever makes up more than a quarter of the acquisitions is in the table.
TEST(LockStatistics, TheTopCallersAreKept) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("m");
    machine.run([&](MayBlock const& context) {
        take_once(mutex, context);
        LockInfo& lock = const_cast<LockInfo&>(mutex.info());
        for (u32 i = 0; i < 900; ++i) {
            uptr const rare = 0x10000 + i;
            LockStatistics::acquired(lock, LockWait{}, i % 3 == 0 ? 0x4711 : rare);
        }
        lock.since = 0;
    });
    bool found = false;
    u64 sum = 0;
    for (LockCaller const& caller : class_named("m")->counts.callers) {
        found = found || (caller.pc == 0x4711 && caller.acquisitions >= 300);
        sum += caller.acquisitions;
    }
    EXPECT_TRUE(found);
    EXPECT_EQ(sum, 900u);
}

// A top half that takes the same mutex, at every access of switching, taking and releasing.
TEST(LockStatistics, SwitchedWithInterruptsAtEveryPoint) {
    for_each_point([&](u64 n) {
        Machine machine;
        SpinMutex<Ipl::vm> mutex("m");
        u32 runs = 0;
        TestLine<Ipl::vm> line(40, [&](auto const& context) {
            SpinGuard const guard(mutex, context);
            ++runs;
        });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            take_once(mutex, context);
            LockStatistics::switch_on();
            take_once(mutex, context);
            LockStatistics::switch_off();
            take_once(mutex, context);
        });
        sim::point();
        EXPECT_EQ(runs, injected ? 1u : 0u) << "point " << n;
        EXPECT_EQ(word_of(mutex.info()), 0u);
        machine.expect_at_rest();
        return injected;
    });
}

}  // namespace
}  // namespace pivot
