// The mixed-guard checker on several CPUs: what each guard is good for.
#include "mutex/guard_report.hpp"
#include "mutex/guarded.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/system/system_spl.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

std::string reason_of(u32 index) {
    GuardClash const* const clash = GuardReport::at(index);
    return clash != nullptr ? GuardReport::reason(*clash) : "no clash";
}

template <typename F>
void on_cpus(u32 cpus, F&& scenario) {
    explore(cpus, [&](SmpMachine& machine) {
        LockOrder::set_fatal(false);
        scenario(machine);
        LockOrder::set_fatal(true);
    });
}

void wait_for(u32 const& turn, u32 number) {
    while (atomic::load_acquire(&turn) != number) {
        cpu_relax();
    }
}

TEST(GuardedSmp, ATopHalfsOwnSplIsNoGuardAgainstAnotherCpu) {
    on_cpus(2, [](SmpMachine& machine) {
        Guarded<u32> data("data", 0u);
        u32 turn = 0;
        machine.on(0, [&](MayBlock const&) {
            for (u32 const mine : {0u, 2u}) {
                wait_for(turn, mine);
                {
                    SplGuard const hold(Ipl::high);
                    ++*data.write();
                }
                atomic::store_release(&turn, mine + 1);
            }
        });
        machine.on(1, [&](MayBlock const&) {
            TestLine<Ipl::vm> line(60, [&](TopHalf<Ipl::vm> const&) { ++*data.write(); });
            wait_for(turn, 1);
            line.fire();
            atomic::store_release(&turn, 2u);
        });
        machine.run();
        EXPECT_EQ(GuardReport::count(), 1u);
        EXPECT_EQ(reason_of(0), "an SPL holds off what is on its own CPU only");
    });
}

TEST(GuardedSmp, AMutexIsGoodForAll) {
    on_cpus(2, [](SmpMachine& machine) {
        Guarded<u32> data("data", 0u);
        SpinMutex<Ipl::vm> mutex("x");
        u32 total = 0;
        auto const add = [&](auto const& context) {
            SpinGuard const guard(mutex, context);
            total = ++*data.write();
        };
        machine.device<Ipl::vm>(1, 2, [&](TopHalf<Ipl::vm> const& context) { add(context); });
        machine.on_each([&](u32, MayBlock const& context) {
            add(context);
            add(context);
        });
        machine.run();
        EXPECT_EQ(total, 6u);
        EXPECT_EQ(GuardReport::count(), 0u);
    });
}

// Whichever comes first: one of them sees the other, although neither looks twice.
TEST(GuardedSmp, OfTwoCpusThatTouchItAtOnceOneSeesTheClash) {
    on_cpus(3, [](SmpMachine& machine) {
        GuardWatch watch("data");
        SpinMutex<Ipl::vm> mine("mine"), yours("yours");
        u32 ready = 0;
        machine.on(2, [&](MayBlock const&) {
            watch.writes();
            atomic::store_release(&ready, 1u);
        });
        for (u32 const number : {0u, 1u}) {
            machine.on(number, [&, number](MayBlock const& context) {
                wait_for(ready, 1);
                SpinGuard const guard(number == 0 ? mine : yours, context);
                watch.writes();
            });
        }
        machine.run();
        EXPECT_GE(GuardReport::count(), 1u);
        EXPECT_EQ(reason_of(0), "two locks that know nothing of each other");
    });
}

// -- the system-wide SPL

struct Driver {
    Guarded<u32>* data;
    static void top_half(TopHalf<Ipl::vm> const&, Driver& self) { ++*self.data->write(); }
};

// On CPU 0 `thread` touches the data, on CPU 1 an interrupt does, then the thread once more.
void with_a_driver(bool unconverted, std::function<void(Guarded<u32>&)> const& thread) {
    on_cpus(2, [&](SmpMachine& machine) {
        Guarded<u32> data("softc", 0u);
        Driver driver{&data};
        u32 turn = 0;
        machine.on(0, [&](MayBlock const&) {
            for (u32 const mine : {0u, 2u}) {
                wait_for(turn, mine);
                thread(data);
                atomic::store_release(&turn, mine + 1);
            }
        });
        machine.on(1, [&](MayBlock const&) {
            LineId const line(60);
            EXPECT_EQ(unconverted
                          ? SimLines::request_unconverted<&Driver::top_half>(line, "driver", driver)
                          : SimLines::request<&Driver::top_half>(line, "driver", driver),
                      LineError::none);
            EXPECT_EQ(SimLines::enable(line), LineError::none);
            wait_for(turn, 1);
            SimController::pend(60);
            sim::point();
            atomic::store_release(&turn, 2u);
        });
        machine.run();
    });
}

TEST(GuardedSmp, TheSystemWideSplIsALock) {
    with_a_driver(true, [](Guarded<u32>& data) {
        SystemSplGuard const hold(Ipl::vm);
        ++*data.write();
        EXPECT_EQ(GuardReport::count(), 0u);
    });
}

TEST(GuardedSmp, AConvertedLineDoesNotHoldIt) {
    bool found = false;
    with_a_driver(false, [&](Guarded<u32>& data) {
        SystemSplGuard const hold(Ipl::vm);
        ++*data.write();
        found = GuardReport::count() != 0;
    });
    EXPECT_TRUE(found);
}

TEST(GuardedSmp, TheSystemWideSplBelowTheLinesLevel) {
    bool found = false;
    with_a_driver(true, [&](Guarded<u32>& data) {
        SystemSplGuard const hold(Ipl::softserial);
        ++*data.write();
        found = GuardReport::count() != 0;
    });
    EXPECT_TRUE(found);
}

TEST(GuardedSmp, ADriverThatForgetsTheSystemWideSpl) {
    bool found = false;
    with_a_driver(true, [&](Guarded<u32>& data) {
        SplGuard const hold(Ipl::vm);
        ++*data.write();
        found = GuardReport::count() != 0;
    });
    EXPECT_TRUE(found);
}

}  // namespace
}  // namespace pivot
