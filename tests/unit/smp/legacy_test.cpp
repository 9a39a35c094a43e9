// Classic code's synchronisation on several CPUs: spl, tsleep, wakeup.
#include "spl/legacy/legacy.hpp"

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// As a driver of 1990 has it.
struct Softc {
    int ready = 0;
    int taken = 0;
};

void interrupt(Softc* sc) {
    sc->ready++;
    wakeup(sc);
}

void take(Softc* sc, int count) {
    int const s = splvm();
    while (count-- != 0) {
        while (sc->ready == 0) {
            EXPECT_EQ(tsleep(sc, 0, "ready", 0), 0);
            EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
        }
        sc->ready--;
        sc->taken++;
    }
    ::splx(s);
    EXPECT_EQ(spl_current().held, 0u);
}

// No wakeup is lost: a device at either CPU, and a process at either.
TEST(LegacySmp, ProcessesSleepForWhatTopHalvesBring) {
    explore(2, [](SmpMachine& machine) {
        Softc sc;
        for (u32 number = 0; number < 2; ++number) {
            machine.device<Ipl::vm>(number, 2, [&](TopHalf<Ipl::vm> const&) {
                u64 const before = SystemSpl::enter(Ipl::vm);
                interrupt(&sc);
                SystemSpl::leave(before);
            });
        }
        machine.on_each([&](u32, MayBlock const&) { take(&sc, 2); });
        machine.run();
        EXPECT_EQ(sc.ready, 0);
        EXPECT_EQ(sc.taken, 4);
        machine.expect_at_rest();
    });
}

TEST(LegacySmp, OnlyTheChannelsOwnAreWoken) {
    explore(2, [](SmpMachine& machine) {
        int first = 0;
        int second = 0;
        machine.on(0, [&](MayBlock const&) {
            int const s = splbio();
            while (first == 0) {
                EXPECT_EQ(tsleep(&first, 0, "first", 0), 0);
                EXPECT_EQ(first, 1);
            }
            second = 1;
            wakeup(&second);
            ::splx(s);
        });
        machine.on(1, [&](MayBlock const&) {
            int const s = splnet();
            first = 1;
            wakeup(&first);
            while (second == 0) {
                EXPECT_EQ(tsleep(&second, 0, "second", 0), 0);
                EXPECT_EQ(second, 1);
            }
            ::splx(s);
        });
        machine.run();
        EXPECT_EQ(first + second, 2);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
