// SPL: held off, kept pending, delivered at the splx that uncovers it, highest first.
#include "spl/spl.hpp"

#include <memory>

#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

constexpr u32 kVm = 40;
constexpr u32 kSched = 41;
constexpr u32 kHigh = 42;
constexpr Ipl kAll[kIpls] = {Ipl::none,       Ipl::softclock, Ipl::softbio, Ipl::softnet,
                             Ipl::softserial, Ipl::vm,        Ipl::sched,   Ipl::high};

// One line at each hard level, recording its runs.
struct ThreeLines {
    Trace trace;
    TestLine<Ipl::vm> vm{kVm, [this](auto const&) { trace.add("vm"); }};
    TestLine<Ipl::sched> sched{kSched, [this](auto const&) { trace.add("sched"); }};
    TestLine<Ipl::high> high{kHigh, [this](auto const&) { trace.add("high"); }};

    void pend(Ipl level) { SimController::pend(kVm + u32(level) - u32(Ipl::vm)); }
    void pend_all() {
        pend(Ipl::vm);
        pend(Ipl::sched);
        pend(Ipl::high);
        sim::point();
    }
};

TEST(Spl, RaisesAndRestores) {
    Machine machine;
    for (Ipl const level : kAll) {
        Spl const old = splraise(level);
        EXPECT_EQ(old.held, 0u);
        EXPECT_EQ(spl_current().held, held_at(level));
        splx(old);
        EXPECT_EQ(spl_current().held, 0u);
    }
}

TEST(Spl, RaisingToALowerLevelChangesNothing) {
    Machine machine;
    Spl const outer = splraise(Ipl::sched);
    Spl const inner = splraise(Ipl::vm);
    EXPECT_EQ(spl_current().held, held_at(Ipl::sched));
    splx(inner);
    EXPECT_EQ(spl_current().held, held_at(Ipl::sched));
    splx(outer);
    EXPECT_EQ(spl_current().held, 0u);
}

TEST(Spl, HoldsOffLinesAtOrBelowItAndNoOthers) {
    for (Ipl const spl : kAll) {
        for (Ipl const line : {Ipl::vm, Ipl::sched, Ipl::high}) {
            Machine machine;
            ThreeLines lines;
            Spl const old = splraise(spl);
            lines.pend(line);
            sim::point();
            bool const held_off = line <= spl;
            EXPECT_EQ(lines.trace.text(), held_off ? "" : name_of(line)) << name_of(spl);
            EXPECT_EQ(machine.cpu().held_off, held_off ? 1u : 0u);
            splx(old);
            EXPECT_EQ(lines.trace.text(), name_of(line)) << "delivered by splx, once";
            machine.expect_at_rest();
        }
    }
}

TEST(Spl, AHeldOffLineStaysPendingAtTheController) {
    Machine machine;
    ThreeLines lines;
    Spl const old = splraise(Ipl::vm);
    lines.vm.fire();
    EXPECT_TRUE(SimController::is_pending(kVm));
    EXPECT_FALSE(SimController::is_active(kVm)) << "acknowledged though held off";
    sim::point();
    EXPECT_EQ(machine.cpu().held_off, 1u) << "the mask holds it from now on: no second entry";
    splx(old);
    EXPECT_FALSE(SimController::is_pending(kVm));
}

TEST(Spl, ReplaysHighestFirst) {
    Machine machine;
    ThreeLines lines;
    Spl const old = splraise(Ipl::high);
    lines.pend_all();
    EXPECT_EQ(lines.trace.text(), "");
    splx(old);
    EXPECT_EQ(lines.trace.text(), "high sched vm");
    machine.expect_at_rest();
}

TEST(Spl, LoweringStepByStepDeliversLevelByLevel) {
    Machine machine;
    ThreeLines lines;
    Spl const none = splraise(Ipl::vm);
    Spl const vm = splraise(Ipl::sched);
    Spl const sched = splraise(Ipl::high);
    lines.pend_all();
    splx(sched);
    EXPECT_EQ(lines.trace.text(), "high");
    splx(vm);
    EXPECT_EQ(lines.trace.text(), "high sched");
    splx(none);
    EXPECT_EQ(lines.trace.text(), "high sched vm");
    machine.expect_at_rest();
}

TEST(Spl, LoweringWithNothingToDeliverYetStillDeliversInTheEnd) {
    Machine machine;
    ThreeLines lines;
    Spl const none = splraise(Ipl::vm);
    Spl const vm = splraise(Ipl::sched);
    Spl const sched = splraise(Ipl::high);
    lines.vm.fire();
    splx(sched);  // the mask follows the SPL down, and must be remembered to be set at each step
    splx(vm);
    EXPECT_EQ(lines.trace.text(), "");
    splx(none);
    EXPECT_EQ(lines.trace.text(), "vm");
    machine.expect_at_rest();
}

TEST(Spl, WithNothingPendingTheControllerIsNotTouched) {
    Machine machine;
    SimController::Accesses const before = SimController::accesses();
    for (Ipl const level : kAll) {
        splx(splraise(level));
    }
    EXPECT_EQ(SimController::accesses().mask, before.mask);
    EXPECT_EQ(SimController::accesses().acknowledge, before.acknowledge);
    EXPECT_EQ(SimController::accesses().distributor, before.distributor);
}

TEST(Spl, ARaisedTopHalfHoldsOffWhatWouldNest) {
    Machine machine;
    Trace trace;
    TestLine<Ipl::sched> sched(kSched, [&](auto const&) { trace.add("sched"); });
    TestLine<Ipl::vm> vm(kVm, [&](auto const&) {
        Spl const old = splraise(Ipl::high);
        trace.add("raised");
        sched.fire();
        trace.add("lowers");
        splx(old);
        trace.add("end");
    });
    vm.fire();
    EXPECT_EQ(trace.text(), "raised lowers sched end");
    machine.expect_at_rest();
}

TEST(Spl, GuardHoldsForItsScope) {
    Machine machine;
    ThreeLines lines;
    {
        SplGuard const hold(Ipl::sched);
        lines.sched.fire();
        EXPECT_EQ(lines.trace.text(), "");
    }
    EXPECT_EQ(lines.trace.text(), "sched");
    EXPECT_EQ(spl_current().held, 0u);
}

TEST(Spl, NoPreemptionHoldsOffBottomHalvesAndNoLine) {
    Machine machine;
    Trace trace;
    TestContinuation next(Ipl::softserial, [&](auto const&) { trace.add("continuation"); });
    TestLine<Ipl::vm> line(kVm, [&](auto const& context) {
        trace.add("line");
        next.schedule(context);
    });
    {
        NoPreemption const hold;
        line.fire();
        trace.add("still");
    }
    EXPECT_EQ(trace.text(), "line still continuation");
    machine.expect_at_rest();
}

// The race that a lazy SPL must not have, at every memory access of raising and lowering.
template <Ipl Line>
void interrupt_everywhere(Ipl spl) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        bool inside = false;
        u32 runs = 0;
        TestLine<Line> line(kVm, [&](auto const&) {
            ++runs;
            EXPECT_FALSE(inside && Line <= spl) << "ran while held off, point " << n;
        });
        bool injected = false;
        {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            Spl const old = splraise(spl);
            inside = true;
            sim::point();
            inside = false;
            splx(old);
        }
        sim::point();
        EXPECT_EQ(runs, injected ? 1u : 0u) << "injected at point " << n << " of " << name_of(spl);
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(3));
}

TEST(SplRace, EveryPointOfRaiseAndLower) {
    for (Ipl const spl : kAll) {
        interrupt_everywhere<Ipl::vm>(spl);
        interrupt_everywhere<Ipl::sched>(spl);
        interrupt_everywhere<Ipl::high>(spl);
    }
}

TEST(SplDeathTest, SplxMustNotRaise) {
    Machine machine;
    EXPECT_DEATH(splx(Spl{held_at(Ipl::vm)}), "splx raises the SPL");
}

TEST(SplDeathTest, ATopHalfMustNotLowerBelowItsLevel) {
    Machine machine;
    TestLine<Ipl::vm> line(kVm, [](auto const&) { splx(Spl{0}); });
    EXPECT_DEATH(line.fire(), "a top half lowers the SPL below its own level");
}

}  // namespace
}  // namespace pivot
