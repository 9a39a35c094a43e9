// The simulated machine of several CPUs itself: what it must do for its verdicts to mean anything.
#include "kern/cross_call.hpp"
#include "tests/unit/smp/hand_over.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

struct Counted {
    static void run(MayWake const&, Counted& self) { atomic::fetch_add(&self.runs, 1u); }
    CrossCall call = CrossCall::to<&Counted::run>(*this);
    u32 runs = 0;
};

TEST(WorldSmp, AThreadGoesToAnotherCpuAndComesBack) {
    explore(2, [](SmpMachine& machine) {
        hand_over(machine, false);
        machine.expect_at_rest();
    });
}

TEST(WorldSmp, ASpinningCpuLetsTheOthersRun) {
    explore(3, [](SmpMachine& machine) {
        u32 turn = 0;
        machine.on_each([&](u32 number, MayBlock const&) {
            while (atomic::load_acquire(&turn) != 2 - number) {
                cpu_relax();
            }
            atomic::store_release(&turn, turn + 1);
        });
        machine.run();
        EXPECT_EQ(turn, 3u);
        machine.expect_at_rest();
    });
}

// Interrupts masked on one CPU: the others run, and what is sent to it waits.
TEST(WorldSmp, AMaskedCpuTakesNothingAndStopsNobody) {
    explore(2, [](SmpMachine& machine) {
        Counted counted;
        u32 masked = 0, sent = 0;
        machine.on(0, [&](MayBlock const&) {
            interrupts_disable();
            atomic::store_release(&masked, 1u);
            while (atomic::load_acquire(&sent) == 0) {
                cpu_relax();
            }
            EXPECT_EQ(atomic::load_relaxed(&counted.runs), 0u);
            interrupts_enable();
        });
        machine.on(1, [&](MayBlock const&) {
            while (atomic::load_acquire(&masked) == 0) {
                cpu_relax();
            }
            EXPECT_TRUE(counted.call.send(machine.cpu(0)));
            atomic::store_release(&sent, 1u);
        });
        machine.run();
        EXPECT_EQ(counted.runs, 1u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
