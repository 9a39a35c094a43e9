// The simulated controller against the architecture (IHI 0069H, chapter 4): the unit tests of
// everything else rely on it.
#include "arch/host/sim_controller.hpp"

#include "arch/host/sim_cpu.hpp"

#include <gtest/gtest.h>

namespace pivot {
namespace {

class Controller : public ::testing::Test {
  protected:
    void SetUp() override {
        if (!SimController::has_priorities()) {
            GTEST_SKIP() << "the other kind";
        }
        sim::set_cpu(&cpu_);  // masked: nobody takes anything but the test
        SimController::init_distributor();
        SimController::init_cpu();
        for (u32 line = 40; line < 44; ++line) {
            SimController::enable(line);
            SimController::set_priority(line, line == 42 ? Ipl::high : Ipl::vm);
        }
    }
    void TearDown() override { sim::set_cpu(nullptr); }

    static void end(u32 line) {
        SimController::drop(line);
        SimController::deactivate(line);
    }

  private:
    sim::SimCpu cpu_;
};

TEST_F(Controller, GivesOutTheHighestPriorityThenTheLowestNumber) {
    for (u32 const line : {41u, 40u, 42u}) {
        SimController::pend(line);
    }
    for (u32 const expected : {42u, 40u, 41u}) {
        EXPECT_EQ(SimController::acknowledge(), expected);
        end(expected);
    }
    EXPECT_EQ(SimController::acknowledge(), SimController::kSpecial);
}

TEST_F(Controller, NeitherMaskedNorDisabledNorPreemptedLinesAreSignalled) {
    SimController::pend(40);
    EXPECT_TRUE(SimController::is_signalled());
    SimController::set_mask(SimController::priority_of(Ipl::vm));
    EXPECT_FALSE(SimController::is_signalled()) << "a mask holds off its own priority";
    EXPECT_EQ(SimController::acknowledge(), SimController::kSpecial);
    EXPECT_TRUE(SimController::is_pending(40));
    SimController::set_mask(SimController::kIdlePriority);
    SimController::disable(40);
    EXPECT_FALSE(SimController::is_signalled());
    SimController::enable(40);
    SimController::pend(41);
    EXPECT_EQ(SimController::acknowledge(), 40u);
    EXPECT_FALSE(SimController::is_signalled()) << "41 has the running priority";
    SimController::pend(42);
    EXPECT_TRUE(SimController::is_signalled()) << "42 has a higher one";
}

TEST_F(Controller, DropAndDeactivationAreTwoThings) {
    SimController::assert_line(40);  // level
    EXPECT_EQ(SimController::acknowledge(), 40u);
    SimController::drop(40);
    EXPECT_FALSE(SimController::is_signalled()) << "active: not given out again";
    SimController::pend(41);
    EXPECT_TRUE(SimController::is_signalled()) << "but others of its priority are";
    SimController::unpend(41);
    SimController::deactivate(40);
    EXPECT_EQ(SimController::acknowledge(), 40u) << "still asserted";
}

TEST_F(Controller, AnEdgeIsRememberedWhileItsLineIsActive) {
    ASSERT_TRUE(SimController::set_trigger(40, Trigger::edge));
    SimController::assert_line(40);
    EXPECT_EQ(SimController::acknowledge(), 40u);
    SimController::deassert_line(40);
    SimController::assert_line(40);
    end(40);
    EXPECT_EQ(SimController::acknowledge(), 40u);
    end(40);
    EXPECT_FALSE(SimController::is_signalled());
}

using ControllerDeathTest = Controller;

TEST_F(ControllerDeathTest, EndsInAnotherOrderAreRefused) {
    SimController::pend(40);
    EXPECT_EQ(SimController::acknowledge(), 40u);
    SimController::pend(42);
    EXPECT_EQ(SimController::acknowledge(), 42u);
    EXPECT_DEATH(SimController::drop(40), "EOI in another order than acknowledged");
    EXPECT_DEATH(SimController::drop(41), "EOI of a line that is not active");
    EXPECT_DEATH(SimController::deactivate(43), "deactivation of a line that is not active");
}

}  // namespace
}  // namespace pivot
