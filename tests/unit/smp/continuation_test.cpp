// Continuations of several CPUs: scheduled on another, taken back, and waited for, in every order
// that the explorer finds.
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// Two CPUs and a device schedule one object on any CPU, and take it back: runs = schedules that
// said yes - cancels that said yes.
TEST(ContinuationSmp, EachScheduleAnywhereIsOneRunOrCancelled) {
    explore(2, [](SmpMachine& machine) {
        u32 scheduled = 0, cancelled = 0, runs = 0;
        TestContinuation object(Ipl::softnet,
                                [&](MayBlock const&) { atomic::fetch_add(&runs, 1u); });
        machine.device<Ipl::vm>(0, 2, [&](TopHalf<Ipl::vm> const& context) {
            bool const yes = object.get().schedule_on(machine.cpu(1), context);
            atomic::fetch_add(&scheduled, u32{yes});
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 round = 0; round < 2; ++round) {
                bool const yes =
                    object.get().schedule_on(machine.cpu((number + round) % 2), context);
                atomic::fetch_add(&scheduled, u32{yes});
                atomic::fetch_add(&cancelled, u32{object.get().cancel()});
            }
        });
        machine.run();
        EXPECT_EQ(runs, scheduled - cancelled);
        EXPECT_FALSE(object.get().is_queued());
        machine.expect_at_rest();
    });
}

// It runs where it was sent, and in the order in which one CPU has sent.
TEST(ContinuationSmp, RunsWhereItWasSentInOrder) {
    explore(3, [](SmpMachine& machine) {
        u32 order[2] = {};
        u32 next = 0;
        u32 elsewhere = 0;
        auto const note = [&](u32 of) {
            return [&, of](MayBlock const&) {
                order[of] = ++next;
                elsewhere += this_cpu().id != 2;
            };
        };
        TestContinuation first(Ipl::softbio, note(0)), second(Ipl::softbio, note(1));
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_TRUE(first.get().schedule_on(machine.cpu(2), context));
            EXPECT_TRUE(second.get().schedule_on(machine.cpu(2), context));
        });
        machine.run();
        EXPECT_EQ(order[0], 1u);
        EXPECT_EQ(order[1], 2u);
        EXPECT_EQ(elsewhere, 0u);
        machine.expect_at_rest();
    });
}

// What was stored before any schedule, successful or not, is seen by a run that starts later.
TEST(ContinuationSmp, ARefusedScheduleIsCoveredByTheRunThatIsDue) {
    explore(2, [](SmpMachine& machine) {
        u32 news[2] = {}, seen[2] = {};
        TestContinuation object(Ipl::softnet, [&](MayBlock const&) {
            for (u32 i = 0; i < 2; ++i) {
                atomic::store_relaxed(&seen[i], atomic::load_relaxed(&news[i]));
            }
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 round = 1; round <= 2; ++round) {
                atomic::store_relaxed(&news[number], round);
                object.get().schedule_on(machine.cpu(0), context);
            }
        });
        machine.run();
        EXPECT_EQ(seen[0], 2u);
        EXPECT_EQ(seen[1], 2u);
        machine.expect_at_rest();
    });
}

// When cancel_and_wait has returned it neither runs nor is queued, although it schedules itself and
// may block.
TEST(ContinuationSmp, AfterCancelAndWaitItIsGone) {
    explore(2, [](SmpMachine& machine) {
        u32 runs = 0;
        bool inside = false, gone = false;
        TestContinuation* self = nullptr;
        TestContinuation object(Ipl::softnet, [&](MayBlock const& context) {
            EXPECT_FALSE(atomic::load_relaxed(&gone));
            atomic::store_relaxed(&inside, true);
            if (++runs < 4) {
                self->schedule(context);
                Clock::sleep_ns(context, 50);
            }
            EXPECT_FALSE(atomic::load_relaxed(&gone));
            atomic::store_relaxed(&inside, false);
        });
        self = &object;
        machine.on(0, [&](MayBlock const& context) {
            object.get().schedule_on(machine.cpu(1), context);
            object.get().cancel_and_wait(context);
            EXPECT_FALSE(atomic::load_relaxed(&inside));
            EXPECT_FALSE(object.get().is_queued());
            atomic::store_relaxed(&gone, true);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

TEST(ContinuationSmp, DrainWaitsForRunsOnOtherCpus) {
    explore(2, [](SmpMachine& machine) {
        u32 runs = 0;
        TestContinuation object(Ipl::softbio, [&](MayBlock const& context) {
            Clock::sleep_ns(context, 50);
            atomic::fetch_add(&runs, 1u);
        });
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_TRUE(object.get().schedule_on(machine.cpu(1), context));
            object.get().drain(context);
            EXPECT_EQ(atomic::load_relaxed(&runs), 1u);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
