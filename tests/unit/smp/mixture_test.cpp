// Everything that can be done to a thread and everything that it can wait for, at the same time.
#include <array>

#include "kern/cpus.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

class Dice {
  public:
    explicit Dice(u64 seed) : state_(seed * 0x9e3779b97f4a7c15 | 1) {}
    u64 below(u64 end) {
        state_ ^= state_ << 13;
        state_ ^= state_ >> 7;
        state_ ^= state_ << 17;
        return (state_ >> 20) % end;
    }

  private:
    u64 state_;
};

struct Mixture {
    AdaptiveMutex mutex{"m"};
    Semaphore semaphore{"s", 1};
    u32 inside_mutex = 0, inside_semaphore = 0;

    void once(Dice& dice, MayBlock const& context) {
        switch (dice.below(5)) {
            case 0:
                if (mutex.lock_until(context, counter() + dice.below(150))) {
                    guarded(inside_mutex, dice, context);
                    mutex.unlock(context);
                }
                break;
            case 1: {
                AdaptiveGuard const guard(mutex, context);
                guarded(inside_mutex, dice, context);
                break;
            }
            case 2:
                if (semaphore.wait_until(context, counter() + dice.below(150))) {
                    guarded(inside_semaphore, dice, context);
                    semaphore.post(context);
                }
                break;
            case 3:
                semaphore.wait(context);
                guarded(inside_semaphore, dice, context);
                semaphore.post(context);
                break;
            default:
                Scheduler::sleep_until(context, counter() + dice.below(150));
        }
    }
    static void guarded(u32& inside, Dice& dice, MayBlock const& context) {
        EXPECT_EQ(atomic::fetch_add(&inside, 1u), 0u);
        if (dice.below(3) == 0) {
            Scheduler::sleep_until(context, counter() + dice.below(100));
        } else if (dice.below(3) == 0) {
            Scheduler::yield(context);
        }
        EXPECT_EQ(atomic::fetch_add(&inside, ~u32{0}), 1u);
    }
};

void harass(Thread& victim, Dice& dice, u32 cpus, MayBlock const& context) {
    switch (dice.below(4)) {
        case 0:
            (void)victim.set_priority(context, 1 + static_cast<u32>(dice.below(14)));
            break;
        case 1:
        case 2:
            (void)victim.set_affinity(context, 1 + dice.below((u64{1} << cpus) - 1));
            break;
        default:
            (void)victim.suspend(context);
            Scheduler::sleep_until(context, counter() + dice.below(100));
            (void)victim.resume(context);
    }
}

void mix(u32 cpus, u32 workers) {
    explore(cpus, [=](SmpMachine& machine) {
        Mixture mixture;
        u64 const round = sim::seed();
        std::array<Thread*, 4> victims{};
        for (u32 i = 0; i < workers; ++i) {
            victims[i] =
                &machine.thread(i % cpus, "worker", 6 + i, [&, i](MayBlock const& context) {
                    Dice dice(round * 16 + i);
                    for (int n = 0; n < 4; ++n) {
                        mixture.once(dice, context);
                    }
                });
        }
        machine.on_each([&](u32 number, MayBlock const& context) {
            Dice dice(round * 16 + 8 + number);
            for (int n = 0; n < 5; ++n) {
                harass(*victims[dice.below(workers)], dice, cpus, context);
            }
        });
        machine.run();
        EXPECT_EQ(mixture.mutex.owner(), nullptr);
        EXPECT_EQ(mixture.semaphore.count(), 1u);
        machine.expect_at_rest();
    });
}

// Its deadlines go on passing on the CPU that it has come from, whose softclock takes it out of the
// queue, while its new home puts it elsewhere in there.
TEST(MixtureSmp, ADeadlineElsewhereAgainstAChangeAtHome) {
    explore(2, [](SmpMachine& machine) {
        Semaphore never("never"), busy("busy");
        bool done = false;
        Thread& waiter = machine.thread(0, "waiter", kMainPriority + 1, [&](auto const& context) {
            EXPECT_EQ(current_thread().set_affinity(context, 3), ThreadError::none);
            for (int i = 0; i < 3; ++i) {
                EXPECT_FALSE(never.wait_until(context, counter() + (i == 0 ? 400 : 60)));
            }
            atomic::store_release(&done, true);
        });
        machine.thread(0, "hog", kMainPriority + 8, [&](MayBlock const& context) {
            busy.wait(context);
            for (int i = 0; i < 1000 && !atomic::load_acquire(&done); ++i) {
                cpu_relax();  // the waiter goes to the other CPU, if that is idle by then
            }
        });
        machine.on(0, [&](MayBlock const& context) { busy.post(context); });
        machine.on(1, [&](MayBlock const& context) {
            for (u32 i = 0; i < 12; ++i) {
                (void)waiter.set_priority(context, kMainPriority + 1 + i % 4);
                Scheduler::sleep_until(context, counter() + 40);
            }
        });
        machine.run();
        machine.expect_at_rest();
    });
}

TEST(MixtureSmp, OfTwoCpus) { mix(2, 3); }
TEST(MixtureSmp, OfThreeCpus) { mix(3, 4); }

}  // namespace
}  // namespace pivot
