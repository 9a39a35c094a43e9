// SpinMutex and lock_word between CPUs, in every order that the explorer finds.
#include "mutex/spin_mutex.hpp"

#include <string>

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// The mutex's word: locked | counted << 32 | serving << 33 | next << 49 (mutex/spin_mutex.hpp).
u32 next_ticket(SpinMutexBase const& mutex) {
    u64 const word = __atomic_load_n(reinterpret_cast<u64 const*>(&mutex), __ATOMIC_RELAXED);
    return static_cast<u32>(word >> 49);
}

void await_ticket(SpinMutexBase const& mutex, u32 ticket) {
    while (next_ticket(mutex) != ticket) {
        cpu_relax();
    }
}

TEST(SpinMutexSmp, ExcludesEachOther) {
    explore(3, [](SmpMachine& machine) {
        SpinMutex<Ipl::high> mutex("m");
        int inside = 0;
        int total = 0;
        machine.on_each([&](u32, MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                mutex.lock(context);
                EXPECT_EQ(++inside, 1);
                ++total;
                EXPECT_EQ(spl_current().held, held_at(Ipl::high));
                EXPECT_EQ(--inside, 0);
                mutex.unlock();
                EXPECT_EQ(spl_current().held, 0u);
            }
        });
        machine.run();
        EXPECT_EQ(total, 6);
        EXPECT_FALSE(mutex.is_locked());
        machine.expect_at_rest();
    });
}

// CPU 1 draws its ticket before CPU 2 asks, and both before CPU 0 releases and asks again.
TEST(SpinMutexSmp, ServesInTheOrderOfArrival) {
    explore(3, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> mutex("m");
        std::string order;  // guarded by the mutex
        u32 held = 0;
        machine.on(0, [&](MayBlock const& context) {
            mutex.lock(context);
            atomic::store_release(&held, 1u);
            await_ticket(mutex, 2);
            mutex.unlock();
            SpinGuard const again(mutex, context);
            order += '0';
        });
        machine.on(1, [&](MayBlock const& context) {
            while (atomic::load_acquire(&held) == 0) {
                cpu_relax();
            }
            SpinGuard const guard(mutex, context);
            order += '1';
        });
        machine.on(2, [&](MayBlock const& context) {
            await_ticket(mutex, 1);
            SpinGuard const guard(mutex, context);
            order += '2';
        });
        machine.run();
        EXPECT_EQ(order, "120");
        machine.expect_at_rest();
    });
}

TEST(SpinMutexSmp, ReleasedInAnyOrderTheSplFallsAtTheLast) {
    explore(2, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> first("first");
        SpinMutex<Ipl::sched> second("second");
        int in_first = 0, in_second = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            first.lock(context);
            EXPECT_EQ(++in_first, 1);
            second.lock(context);
            EXPECT_EQ(++in_second, 1);
            EXPECT_EQ(--in_first, 0);
            if (number == 0) {
                first.unlock();
                EXPECT_EQ(spl_current().held, held_at(Ipl::sched));
                EXPECT_EQ(--in_second, 0);
                second.unlock();
            } else {
                EXPECT_EQ(--in_second, 0);
                second.unlock();
                EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
                first.unlock();
            }
            EXPECT_EQ(spl_current().held, 0u);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

// On each CPU a thread and a device's top half want the same mutex.
TEST(SpinMutexSmp, TopHalvesAndThreadsOfTwoCpus) {
    explore(2, [](SmpMachine& machine) {
        SpinMutex<Ipl::sched> mutex("m");
        int inside = 0;
        int total = 0;
        auto const enter = [&] {
            EXPECT_EQ(++inside, 1);
            ++total;
            EXPECT_EQ(--inside, 0);
        };
        for (u32 number = 0; number < 2; ++number) {
            machine.device<Ipl::sched>(number, 2, [&](TopHalf<Ipl::sched> const& context) {
                SpinGuard const guard(mutex, context);
                enter();
            });
            machine.device<Ipl::vm>(number, 1, [&](TopHalf<Ipl::vm> const& context) {
                SpinGuard const guard(mutex, context);
                enter();
            });
        }
        machine.on_each([&](u32, MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                SpinGuard const guard(mutex, context);
                enter();
            }
        });
        machine.run();
        EXPECT_EQ(total, 2 * (2 + 1 + 2));
        machine.expect_at_rest();
    });
}

TEST(LockWordSmp, ExcludesEachOtherAndKeepsTheOtherBits) {
    explore(3, [](SmpMachine& machine) {
        u64 word = 0x1000;
        u64 guarded = 0x1000;
        machine.on_each([&](u32, MayBlock const&) {
            for (int round = 0; round < 2; ++round) {
                NoPreemption const hold;
                u64 const was = port::Cpu::lock_word(&word);
                EXPECT_EQ(was, guarded);
                guarded += 0x10;
                atomic::store_release(&word, guarded);
            }
        });
        machine.run();
        EXPECT_EQ(word, 0x1000u + 6 * 0x10);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
