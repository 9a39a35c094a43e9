// The system-wide SPL between CPUs, in every order that the explorer finds.
#include "spl/system/system_spl.hpp"

#include <string>

#include "intr/continuation.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

u64 shared_word() { return atomic::load_relaxed(&SystemSpl::info(Ipl::softclock).word); }
u32 shared_byte(Ipl level) {
    return static_cast<u32>(shared_word() >> (8 * attention_byte(level))) & 0xff;
}

void expect_nobody_holds_it(SmpMachine& machine) {
    EXPECT_EQ(shared_word() & ~(u64{1} << 24), 0u);
    for (u32 number = 0; number < machine.cpus(); ++number) {
        EXPECT_EQ(machine.cpu(number).system, 0u);
        EXPECT_EQ(machine.cpu(number).system_owned, 0u);
    }
    machine.expect_at_rest();
}

// Who is inside, and that nobody else is.
struct Room {
    int inside = 0;
    int total = 0;
    void visit() {
        EXPECT_EQ(++inside, 1);
        ++total;
        EXPECT_EQ(--inside, 0);
    }
};

TEST(SystemSplSmp, ThreadsExcludeEachOtherAtWhateverLevels) {
    explore(3, [](SmpMachine& machine) {
        constexpr Ipl kLevels[] = {Ipl::vm, Ipl::softnet, Ipl::high};
        Room room;
        machine.on_each([&](u32 number, MayBlock const&) {
            for (int round = 0; round < 2; ++round) {
                SystemSplGuard const guard(kLevels[number]);
                EXPECT_EQ(spl_current().held, held_at(kLevels[number]));
                EXPECT_EQ(SystemSpl::held_here(), held_at(kLevels[number]));
                room.visit();
            }
            EXPECT_EQ(spl_current().held, 0u);
        });
        machine.run();
        EXPECT_EQ(room.total, 6);
        expect_nobody_holds_it(machine);
    });
}

TEST(SystemSplSmp, IsRecursiveAndStepsMayBeLeftOut) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        machine.on_each([&](u32, MayBlock const&) {
            SystemSpl::Saved const outer = SystemSpl::raise(Ipl::softbio);
            room.visit();
            {
                SystemSplGuard const same(Ipl::softbio);
                room.visit();
                SystemSplGuard const less(Ipl::softclock);
                room.visit();
                EXPECT_EQ(spl_current().held, held_at(Ipl::softbio));
            }
            room.visit();
            (void)SystemSpl::raise(Ipl::sched);
            room.visit();
            SystemSpl::lower(outer);
            EXPECT_EQ(SystemSpl::held_here(), 0u);
        });
        machine.run();
        EXPECT_EQ(room.total, 10);
        expect_nobody_holds_it(machine);
    });
}

// An unconverted top half waits for whoever is at its level; it comes in over whoever is below.
TEST(SystemSplSmp, TopHalvesOfUnconvertedDrivers) {
    explore(2, [](SmpMachine& machine) {
        Room at_vm;
        Room at_high;
        for (u32 number = 0; number < 2; ++number) {
            machine.device<Ipl::vm>(number, 2, [&](TopHalf<Ipl::vm> const&) {
                u64 const before = SystemSpl::enter(Ipl::vm);
                at_vm.visit();
                SystemSpl::Saved const raised = SystemSpl::raise(Ipl::high);
                at_high.visit();
                SystemSpl::lower(raised);
                EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
                SystemSpl::leave(before);
            });
        }
        machine.on(0, [&](MayBlock const&) {
            SystemSplGuard const low(Ipl::softnet);
            SystemSplGuard const guard(Ipl::vm);
            at_vm.visit();
            SystemSplGuard const higher(Ipl::high);
            at_high.visit();
        });
        machine.on(1, [&](MayBlock const&) {
            SystemSplGuard const guard(Ipl::high);
            at_high.visit();
            at_vm.visit();
        });
        machine.run();
        EXPECT_EQ(at_vm.total, 6);
        expect_nobody_holds_it(machine);
    });
}

struct Work {
    Room* room;
    int runs = 0;
    static void run(MayBlock const&, Work& self) {
        SystemSplGuard const own(Ipl::softnet);
        SystemSplGuard const guard(Ipl::vm);
        self.room->visit();
        ++self.runs;
    }
};

// A bottom half interrupts a thread that is in the middle of a contended raise, and raises, too.
TEST(SystemSplSmp, BottomHalvesOverARaise) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        Work work[2] = {{&room}, {&room}};
        Continuation first = Continuation::to<&Work::run>(Ipl::softnet, work[0]);
        Continuation second = Continuation::to<&Work::run>(Ipl::softnet, work[1]);
        machine.device<Ipl::sched>(0, 1, [&](auto const& context) { first.schedule(context); });
        machine.device<Ipl::sched>(1, 1, [&](auto const& context) { second.schedule(context); });
        machine.on_each([&](u32, MayBlock const&) {
            for (int round = 0; round < 2; ++round) {
                SystemSplGuard const guard(Ipl::vm);
                room.visit();
            }
        });
        machine.run();
        EXPECT_EQ(work[0].runs + work[1].runs, 2);
        EXPECT_EQ(room.total, 6);
        expect_nobody_holds_it(machine);
    });
}

struct LowRaise {
    Room* room;
    static void run(MayBlock const&, LowRaise& self) {
        SystemSplGuard const guard(Ipl::softbio);
        self.room->visit();
    }
};

struct Locked {
    AdaptiveMutex mutex{"m"};
    int runs = 0;
    static void run(MayBlock const& context, Locked& self) {
        AdaptiveGuard const guard(self.mutex, context);
        ++self.runs;
    }
};

// A bottom half comes in over a holder and wants a mutex whose owner, on the other CPU, waits for
// what that thread holds.
TEST(SystemSplSmp, BottomHalvesDoNotSpinOverAHolder) {
    explore(2, [](SmpMachine& machine) {
        Locked locked;
        Continuation work = Continuation::to<&Locked::run>(Ipl::softnet, locked);
        machine.device<Ipl::sched>(0, 2, [&](auto const& context) { work.schedule(context); });
        machine.on(0, [&](MayBlock const&) {
            for (int round = 0; round < 3; ++round) {
                SystemSplGuard const guard(Ipl::softclock);
            }
        });
        machine.on(1, [&](MayBlock const& context) {
            for (int round = 0; round < 3; ++round) {
                AdaptiveGuard const owner(locked.mutex, context);
                SystemSplGuard const guard(Ipl::softbio);
            }
        });
        machine.run();
        EXPECT_GE(locked.runs, 1);
        expect_nobody_holds_it(machine);
    });
}

// A bottom half that raises to less than its own level keeps out who is at its level.
TEST(SystemSplSmp, ARaiseBelowTheOwnLevelTakesTheOwn) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        LowRaise work{&room};
        Continuation low = Continuation::to<&LowRaise::run>(Ipl::softnet, work);
        machine.device<Ipl::sched>(0, 2, [&](auto const& context) { low.schedule(context); });
        machine.on(1, [&](MayBlock const&) {
            for (int round = 0; round < 3; ++round) {
                SystemSplGuard const guard(Ipl::softnet);
                room.visit();
            }
        });
        machine.run();
        EXPECT_GE(room.total, 4);
        expect_nobody_holds_it(machine);
    });
}

// CPU 1 waits before CPU 2 asks, and both before CPU 0 gives it back and asks again.
TEST(SystemSplSmp, ServesInTheOrderOfArrival) {
    explore(3, [](SmpMachine& machine) {
        std::string order;
        u32 held = 0;
        auto const await_waiters = [](u32 waiters) {
            while (shared_byte(Ipl::softclock) != 1 + 2 * waiters) {
                cpu_relax();
            }
        };
        machine.on(0, [&](MayBlock const&) {
            {
                SystemSplGuard const first(Ipl::vm);
                atomic::store_release(&held, 1u);
                await_waiters(2);
            }
            SystemSplGuard const again(Ipl::vm);
            order += '0';
        });
        machine.on(1, [&](MayBlock const&) {
            while (atomic::load_acquire(&held) == 0) {
                cpu_relax();
            }
            SystemSplGuard const guard(Ipl::vm);
            order += '1';
        });
        machine.on(2, [&](MayBlock const&) {
            await_waiters(1);
            SystemSplGuard const guard(Ipl::softbio);
            order += '2';
        });
        machine.run();
        EXPECT_EQ(order, "120");
        expect_nobody_holds_it(machine);
    });
}

}  // namespace
}  // namespace pivot
