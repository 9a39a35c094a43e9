// The longest stretch at each level, and with interrupts masked.
#include "spl/spl_watch.hpp"

#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

u64 longest(Ipl level) { return SplWatch::longest(0, level).longest; }

TEST(SplWatch, KeepsTheLongestStretchOfEachLevel) {
    Machine machine;
    machine.run([&](MayBlock const&) {
        for (u64 const ticks : {100u, 5000u, 30u}) {
            SplGuard const outer(Ipl::softbio);
            sim::advance(ticks);
            SplGuard const inner(Ipl::vm);
            sim::advance(ticks / 10);
        }
    });
    EXPECT_GE(longest(Ipl::softbio), 5500u);
    EXPECT_LT(longest(Ipl::softbio), 5600u);
    EXPECT_EQ(longest(Ipl::softclock), longest(Ipl::softbio));
    EXPECT_GE(longest(Ipl::vm), 500u);
    EXPECT_LT(longest(Ipl::vm), 600u);
    EXPECT_EQ(longest(Ipl::softserial), longest(Ipl::vm));
    EXPECT_EQ(longest(Ipl::sched), 0u);
    Stretch const& vm = SplWatch::longest(0, Ipl::vm);
    EXPECT_NE(vm.longest_from, 0u);
    EXPECT_NE(vm.longest_to, 0u);
}

TEST(SplWatch, ASpinMutexRaisesAndLowersIt) {
    Machine machine;
    SpinMutex<Ipl::high> mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        sim::advance(3000);
        mutex.unlock();
    });
    EXPECT_GE(longest(Ipl::high), 3000u);
    SplWatch::reset();
    EXPECT_EQ(longest(Ipl::high), 0u);
}

TEST(SplWatch, ATopHalfsOwnLevelIsNotCounted) {
    Machine machine;
    TestLine<Ipl::vm> line(40, [&](auto const&) {
        sim::advance(4000);
        SplGuard const further(Ipl::high);
        sim::advance(100);
    });
    machine.run([&](MayBlock const&) { line.fire(); });
    EXPECT_LT(longest(Ipl::vm), 1000u) << "raised by entry: irq measure tells";
    EXPECT_GE(longest(Ipl::high), 100u);
    EXPECT_LT(longest(Ipl::high), 1000u);
}

// Idle time is nobody's stretch, although a thread raised the SPL to go to sleep.
TEST(SplWatch, SleepingIsNotAStretch) {
    Machine machine;
    Semaphore done("done");
    TestContinuation post(Ipl::softnet, [&](MayBlock const& context) { done.post(context); });
    TestLine<Ipl::vm> line(sim::kTimerLine, [&](auto const& context) {
        sim::Timer::quiet();
        post.schedule(context);
    });
    machine.run([&](MayBlock const& context) {
        for (int i = 0; i < 5; ++i) {
            sim::Timer::arm(sim::counter() + 100'000);
            done.wait(context);
        }
    });
    EXPECT_LT(longest(Ipl::softclock), 50'000u);
    EXPECT_GT(longest(Ipl::softclock), 0u);
}

TEST(SplWatch, MaskedInterruptsAreAStretch) {
    Machine machine;
    machine.run([&](MayBlock const&) {
        interrupts_disable();
        sim::advance(2000);
        interrupts_enable();
    });
    EXPECT_GE(longest(Ipl::none), 2000u);
    EXPECT_LT(longest(Ipl::none), 2100u);
}

}  // namespace
}  // namespace pivot
