// The SPL is not lowered below what a living guard has set: not by splx, nor by a mutex's release.
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

constexpr const char* kSays = "the SPL is lowered below what an outer guard has set .vm";

TEST(Lowering, BelowAnOuterGuard) {
    Machine machine;
    machine.run([&](MayBlock const&) {
        Spl const before = spl_current();
        SplGuard const hold(Ipl::vm);
        Spl const further = splraise(Ipl::high);
        splx(further);  // to vm, which is allowed
        EXPECT_DEATH(splx(before), kSays);
        EXPECT_DEATH(splx(Spl{held_at(Ipl::softnet)}), kSays);
    });
}

TEST(Lowering, BelowTheOuterOfTwoGuards) {
    Machine machine;
    machine.run([&](MayBlock const&) {
        SplGuard const outer(Ipl::vm);
        { SplGuard const inner(Ipl::high); }
        EXPECT_DEATH(splx(Spl{0}), kSays);
    });
    machine.expect_at_rest();
}

TEST(Lowering, ByTheReleaseOfAMutexThatWasTakenBefore) {
    Machine machine;
    SpinMutex<Ipl::softnet> mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        {
            SplGuard const hold(Ipl::vm);
            EXPECT_DEATH(mutex.unlock(), kSays);
        }
        mutex.unlock();
    });
    machine.expect_at_rest();
}

TEST(Lowering, InATopHalfUnderAGuardOfTheInterruptedThread) {
    Machine machine;
    machine.run([&](MayBlock const&) {
        TestLine<Ipl::high> line(40, [](TopHalf<Ipl::high> const&) {
            { SplGuard const hold(Ipl::high); }
        });
        SplGuard const hold(Ipl::vm);
        line.fire();
        EXPECT_EQ(line.count(), 1u);
        EXPECT_DEATH(splx(Spl{0}), kSays);
    });
}

void count_runs(MayBlock const&, int& runs) {
    Spl const old = splraise(Ipl::softbio);
    ++runs;
    splx(old);
}

// Its last guard never ended: the switch away was in the midst of it.
TEST(Lowering, AThreadThatIsStartedAgainHasNoGuards) {
    Machine machine;
    machine.run([&](MayBlock const& context) {
        Thread thread("t");
        auto stack = std::make_unique<StackMemory<4096>>();
        int runs = 0;
        for (int i = 0; i < 3; ++i) {
            EXPECT_EQ(thread.start<&count_runs>(*stack, 20, runs), ThreadError::none);
            (void)thread.join(context);
        }
        EXPECT_EQ(runs, 3);
    });
}

}  // namespace
}  // namespace pivot
