// A line held off and replayed by its CPU while another one disables, enables or moves it. Whoever
// masks a line for one reason must not lose the other's (arch/dev/line_masks.hpp).
#include "spl/spl.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

constexpr LineId kLine(40);

void raise_and_lower(int times) {
    for (int i = 0; i < times; ++i) {
        SplGuard const hold(Ipl::sched);
        cpu_relax();
    }
}

TEST(LineMasksSmp, DisabledAndEnabledWhileItIsReplayedNothingIsLost) {
    explore(2, [](SmpMachine& machine) {
        u32 runs = 0;
        machine.device<Ipl::vm>(1, 4, [&](TopHalf<Ipl::vm> const&) { ++runs; });
        machine.on(1, [&](MayBlock const&) { raise_and_lower(4); });
        machine.on(0, [&](MayBlock const&) {
            for (int i = 0; i < 3; ++i) {
                EXPECT_EQ(SimLines::disable(kLine), LineError::none);
                EXPECT_EQ(SimLines::enable(kLine), LineError::none);
            }
        });
        machine.run();
        EXPECT_EQ(runs, 4u);
        machine.expect_at_rest();
    });
}

TEST(LineMasksSmp, QuiescedWhileItIsReplayedItsTopHalfIsOver) {
    explore(2, [](SmpMachine& machine) {
        bool gone = false;
        machine.device<Ipl::vm>(
            1, 4, [&](TopHalf<Ipl::vm> const&) { EXPECT_FALSE(atomic::load_acquire(&gone)); });
        machine.on(1, [&](MayBlock const&) { raise_and_lower(4); });
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_EQ(SimLines::quiesce(context, kLine), LineError::none);
            atomic::store_release(&gone, true);
        });
        machine.run();
    });
}

TEST(LineMasksSmp, MovedWhileItIsHeldOffNothingIsLost) {
    explore(2, [](SmpMachine& machine) {
        u32 runs = 0, inside = 0;
        machine.device<Ipl::vm>(1, 5, [&](TopHalf<Ipl::vm> const&) {
            EXPECT_EQ(atomic::fetch_add(&inside, 1u), 0u) << "on two CPUs at a time";
            atomic::fetch_add(&runs, 1u);
            atomic::fetch_add(&inside, ~0u);
        });
        machine.on(1, [&](MayBlock const&) { raise_and_lower(5); });
        machine.on(0, [&](MayBlock const& context) {
            for (u32 const cpu : {0u, 1u, 0u}) {
                EXPECT_EQ(SimLines::move_to(context, kLine, cpu), LineError::none);
                raise_and_lower(1);
            }
        });
        machine.run();
        EXPECT_EQ(runs, 5u);
        machine.expect_at_rest();
    });
}

// A request that is made by software, of a line that another CPU may just be replaying.
TEST(LineMasksSmp, PendedFromElsewhereWhileItIsReplayed) {
    explore(2, [](SmpMachine& machine) {
        u32 seen = 0, stored = 0;
        machine.device<Ipl::vm>(1, 1, [&](TopHalf<Ipl::vm> const&) {
            atomic::store_release(&seen, atomic::load_acquire(&stored));
        });
        machine.on(1, [&](MayBlock const&) { raise_and_lower(4); });
        machine.on(0, [&](MayBlock const&) {
            for (u32 i = 1; i <= 3; ++i) {
                atomic::store_release(&stored, i);
                EXPECT_EQ(SimLines::pend(kLine), LineError::none);
            }
        });
        machine.run();
        EXPECT_EQ(seen, 3u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
