// What a controller without priorities makes difficult (arch/dev/line_masks.hpp). Whatever the
// controller, all of it has to hold.
#include "spl/spl.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

// Each keeps the other waiting, again and again: exits must not stack their frames.
TEST(LineMasks, TwoLinesThatAskInTurnDoNotPileUpFrames) {
    Machine machine;
    u32 runs = 0;
    uptr lowest = ~uptr{0}, highest = 0;
    TestLine<Ipl::vm>* other[2]{};
    auto const body = [&](u32 next) {
        char here = 0;
        uptr const at = reinterpret_cast<uptr>(&here);
        lowest = at < lowest ? at : lowest;
        highest = at > highest ? at : highest;
        if (++runs < 300) {
            other[next]->fire();
        }
    };
    TestLine<Ipl::vm> a(40, [&](auto const&) { body(1); });
    TestLine<Ipl::vm> b(41, [&](auto const&) { body(0); });
    other[0] = &a;
    other[1] = &b;
    a.fire();
    EXPECT_EQ(runs, 300u);
    EXPECT_LT(highest - lowest, 8192u) << "a frame for each run";
    machine.expect_at_rest();
}

TEST(LineMasks, AWithdrawnRequestDoesNotRun) {
    Machine machine;
    u32 runs = 0;
    TestLine<Ipl::vm> line(40, [&](auto const&) { ++runs; });
    {
        SplGuard const hold(Ipl::vm);
        SimController::assert_line(40);
        sim::point();
        SimController::deassert_line(40);
    }
    EXPECT_EQ(runs, 0u);
    machine.expect_at_rest();
}

TEST(LineMasks, AnEdgeIsKeptThatComesWhileItsLineIsHeldOffOrRuns) {
    Machine machine;
    u32 runs = 0;
    TestLine<Ipl::vm> line(40, [&](auto const&) {
        if (++runs == 1) {
            SimController::assert_line(40);
            SimController::deassert_line(40);
        }
    });
    EXPECT_EQ(SimLines::set_trigger(LineId(40), Trigger::edge), LineError::none);
    {
        SplGuard const hold(Ipl::high);
        for (int twice = 0; twice < 2; ++twice) {
            SimController::assert_line(40);
            SimController::deassert_line(40);
            sim::point();
        }
    }
    EXPECT_EQ(runs, 2u) << "what came while held off, and what came while it ran";
    machine.expect_at_rest();
}

TEST(LineMasks, ManyLinesOfOneLevelAreReplayedAndNoneTwice) {
    Machine machine;
    std::list<TestLine<Ipl::sched>> lines;
    std::vector<u32> runs(SimController::kLines);
    for (u32 intid = 36; intid < 90; intid += 3) {
        lines.emplace_back(intid, [&runs, intid](auto const&) { ++runs[intid]; });
    }
    {
        SplGuard const hold(Ipl::high);
        for (TestLine<Ipl::sched>& line : lines) {
            line.fire();
        }
    }
    for (TestLine<Ipl::sched>& line : lines) {
        EXPECT_EQ(runs[line.intid()], 1u) << line.intid();
    }
    machine.expect_at_rest();
}

TEST(LineMasks, DisabledWhileHeldOffItComesWhenItIsEnabledAgain) {
    Machine machine;
    u32 runs = 0;
    TestLine<Ipl::vm> line(40, [&](auto const&) { ++runs; });
    {
        SplGuard const hold(Ipl::vm);
        line.fire();
        EXPECT_EQ(SimLines::disable(LineId(40)), LineError::none);
    }
    EXPECT_EQ(runs, 0u);
    EXPECT_EQ(SimLines::enable(LineId(40)), LineError::none);
    sim::point();
    EXPECT_EQ(runs, 1u);
    machine.expect_at_rest();
}

// The highest line waits; another asks at each point of splx: between its store and its look, too.
TEST(LineMasks, WhatWaitsComesBeforeALowerLineThatInterruptsSplx) {
    for_each_point([](u64 n) {
        Machine machine;
        Trace trace;
        TestLine<Ipl::high> high(42, [&](auto const&) { trace.add("high"); });
        TestLine<Ipl::vm> vm(40, [&](auto const&) { trace.add("vm"); });
        Spl const old = splraise(Ipl::high);
        high.fire();
        bool injected = false;
        {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    vm.pend();
                    injected = true;
                }
            });
            splx(old);
        }
        sim::point();
        EXPECT_EQ(trace.text(), injected ? "high vm" : "high") << "point " << n;
        machine.expect_at_rest();
        return injected;
    });
}

}  // namespace
}  // namespace pivot
