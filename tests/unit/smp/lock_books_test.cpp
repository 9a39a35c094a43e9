// The books, the statistics and the order graph, used by several CPUs at once.
#include "mutex/adaptive_mutex.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/lock_report.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

bool is_counted(LockInfo const& lock) {
    return (atomic::load_relaxed(&lock.word) & lock.counted()) != 0;
}

// Whichever comes first, a lock that has been used is counted while the statistics are on.
TEST(LockBooksSmp, SwitchedOnWhileLocksAreFirstUsed) {
    explore(2, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> spin("spin");
        AdaptiveMutex adaptive("adaptive");
        machine.on(0, [&](MayBlock const& context) {
            { SpinGuard const guard(spin, context); }
            { AdaptiveGuard const guard(adaptive, context); }
        });
        machine.on(1, [&](MayBlock const&) { LockStatistics::switch_on(); });
        machine.run();
        EXPECT_TRUE(is_counted(spin.info()));
        EXPECT_TRUE(is_counted(adaptive.info()));
        EXPECT_FALSE(spin.is_locked());
        EXPECT_EQ(adaptive.owner(), nullptr);
        machine.expect_at_rest();
    });
}

TEST(LockBooksSmp, SwitchedWhileItIsContendedAMutexExcludes) {
    explore(3, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> mutex("m");
        int inside = 0, total = 0;
        for (u32 cpu : {0u, 1u}) {
            machine.on(cpu, [&](MayBlock const& context) {
                for (int round = 0; round < 2; ++round) {
                    SpinGuard const guard(mutex, context);
                    EXPECT_EQ(++inside, 1);
                    ++total;
                    EXPECT_EQ(--inside, 0);
                }
            });
        }
        machine.on(2, [&](MayBlock const&) {
            LockStatistics::switch_on();
            LockStatistics::switch_off();
        });
        machine.run();
        EXPECT_EQ(total, 4);
        EXPECT_FALSE(mutex.is_locked());
        machine.expect_at_rest();
    });
}

TEST(LockBooksSmp, AClassIsEnteredOnce) {
    explore(3, [](SmpMachine& machine) {
        std::list<SpinMutex<Ipl::vm>> locks;
        for (u32 i = 0; i < machine.cpus(); ++i) {
            locks.emplace_back("same");
        }
        machine.on_each([&](u32 number, MayBlock const& context) {
            SpinGuard const guard(*std::next(locks.begin(), number), context);
        });
        machine.run();
        EXPECT_EQ(LockClass::count(), 1u);
        EXPECT_EQ(LockClass::at(0).locks(), machine.cpus());
        u32 listed = 0;
        for (LockInfo const* lock = LockClass::first_lock(); lock != nullptr; lock = lock->next) {
            ++listed;
        }
        EXPECT_EQ(listed, machine.cpus());
    });
}

// Each CPU says one half of the cycle, with locks of its own, so nothing can deadlock.
TEST(LockBooksSmp, OfTwoCpusThatCloseACycleOneReportsIt) {
    explore(2, [](SmpMachine& machine) {
        LockOrder::set_fatal(false);
        SpinMutex<Ipl::vm> a0("a"), b0("b"), a1("a"), b1("b");
        machine.on(0, [&](MayBlock const& context) {
            SpinGuard const outer(a0, context);
            SpinGuard const inner(b0, context);
        });
        machine.on(1, [&](MayBlock const& context) {
            SpinGuard const outer(b1, context);
            SpinGuard const inner(a1, context);
        });
        machine.run();
        EXPECT_GE(LockOrder::violations(), 1u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
