// Changes of threads between CPUs: who runs next, who moves where, and what ends meanwhile.
#include <array>

#include "tests/unit/smp/started.hpp"

namespace pivot {
namespace {

// Whatever is ready, the best of it runs: also when the one that ran is lowered and less than the
// best comes at the same moment.
TEST(ChangeSmp, TheBestRunsWhenTheRunningOneIsLowered) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        bool stop = false, posted = false;
        Trace trace;
        machine.thread(1, "weak", 10, [&](MayBlock const& context) {
            semaphore.wait(context);
            trace.add("w");
        });
        Started best("best", [&](MayBlock const&) { trace.add("b"); });
        Started strong("strong", [&](MayBlock const&) {
            while (!atomic::load_acquire(&stop)) {
                cpu_relax();
            }
        });
        bool ready = false;
        machine.on(0, [&](MayBlock const& context) {
            while (!semaphore.has_waiters()) {
                cpu_relax();
            }
            EXPECT_EQ(strong.start_on(machine.cpu(1), 14), ThreadError::none);
            while (machine.cpu(1).current != &strong.get()) {
                cpu_relax();
            }
            EXPECT_EQ(best.start_on(machine.cpu(1), 12), ThreadError::none);
            atomic::store_release(&ready, true);
            EXPECT_EQ(strong.get().set_priority(context, 9), ThreadError::none);
            while (!atomic::load_acquire(&posted)) {
                cpu_relax();
            }
            atomic::store_release(&stop, true);
        });
        machine.on(2, [&](MayBlock const& context) {
            while (!atomic::load_acquire(&ready)) {
                cpu_relax();
            }
            semaphore.post(context);
            atomic::store_release(&posted, true);
        });
        machine.run();
        EXPECT_EQ(trace.text(), "b w");
        machine.expect_at_rest();
    });
}

// The same when the best that was to run next is suspended in the last moment.
TEST(ChangeSmp, TheBestRunsWhenTheNextOneIsSuspended) {
    explore(3, [](SmpMachine& machine) {
        Semaphore first("first"), second("second"), third("third");
        Trace trace;
        bool both_woken = false;
        auto const waiter = [&](Semaphore& semaphore, u32 priority, const char* name) -> Thread& {
            return machine.thread(1, name, priority, [&, name](MayBlock const& context) {
                semaphore.wait(context);
                trace.add(name);
            });
        };
        Thread& best = waiter(first, 14, "a");
        waiter(second, 12, "b");
        waiter(third, 10, "c");
        machine.on(0, [&](MayBlock const& context) {
            while (!first.has_waiters() || !second.has_waiters() || !third.has_waiters()) {
                cpu_relax();
            }
            second.post(context);
            first.post(context);
            atomic::store_release(&both_woken, true);
            (void)best.suspend(context);
            (void)best.resume(context);
        });
        machine.on(2, [&](MayBlock const& context) {
            while (!atomic::load_acquire(&both_woken)) {
                cpu_relax();
            }
            third.post(context);
        });
        machine.run();
        EXPECT_EQ(trace.text().size(), 5u);
        EXPECT_LT(trace.text().find('b'), trace.text().find('c')) << trace.text();
        machine.expect_at_rest();
    });
}

// Raised above the one that was to run next, the running thread goes on.
TEST(ChangeSmp, TheRunningOneIsRaisedAboveTheNext) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        bool go = false, stop = false, raised = false;
        machine.thread(1, "waiter", 12, [&](MayBlock const& context) {
            semaphore.wait(context);
            EXPECT_FALSE(atomic::load_acquire(&raised) && !atomic::load_acquire(&stop));
        });
        Started runner("runner", [&](MayBlock const&) {
            while (!atomic::load_acquire(&stop)) {
                cpu_relax();
            }
        });
        machine.on(0, [&](MayBlock const& context) {
            while (!semaphore.has_waiters()) {
                cpu_relax();
            }
            EXPECT_EQ(runner.start_on(machine.cpu(1), 10), ThreadError::none);
            atomic::store_release(&go, true);
            EXPECT_EQ(runner.get().set_priority(context, 14), ThreadError::none);
            if (semaphore.count() == 0 && semaphore.has_waiters()) {
                atomic::store_release(&raised, true);  // it has not been woken before
            }
            for (int i = 0; i < 20; ++i) {
                cpu_relax();
            }
            atomic::store_release(&stop, true);
        });
        machine.on(2, [&](MayBlock const& context) {
            while (!atomic::load_acquire(&go)) {
                cpu_relax();
            }
            semaphore.post(context);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

// From the return of set_affinity on, it takes no step elsewhere: as it runs, as it is ready, as it
// waits.
TEST(ChangeSmp, AThreadThatIsMovedRunsWhereItMay) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        std::array<u32, 3> steps{};
        Thread& nomad = machine.thread(0, "nomad", kMainPriority + 1, [&](MayBlock const& context) {
            for (int i = 0; i < 12; ++i) {
                {
                    NoPreemption const hold;
                    u32& here = steps[this_cpu().id];
                    atomic::store_relaxed(&here, here + 1);
                }
                if (i % 4 == 0) {
                    semaphore.wait(context);
                }
            }
        });
        machine.on(1, [&](MayBlock const& context) {
            for (u32 const target : {2u, 1u, 0u}) {
                if (nomad.set_affinity(context, u64{1} << target) != ThreadError::none) {
                    ADD_FAILURE() << "it waits for us";
                }
                std::array<u32, 3> const before = {atomic::load_relaxed(&steps[0]),
                                                   atomic::load_relaxed(&steps[1]),
                                                   atomic::load_relaxed(&steps[2])};
                semaphore.post(context);
                for (int i = 0; i < 10; ++i) {
                    cpu_relax();
                }
                for (u32 other = 0; other < 3; ++other) {
                    if (other != target) {
                        EXPECT_EQ(atomic::load_relaxed(&steps[other]), before[other]);
                    }
                }
            }
            EXPECT_EQ(nomad.join(context), ThreadError::none);
        });
        machine.run();
        EXPECT_EQ(steps[0] + steps[1] + steps[2], 12u);
        machine.expect_at_rest();
    });
}

// What may move goes to an idle CPU on its own, also from one timed wait to the next.
TEST(ChangeSmp, DeadlinesHoldForThreadsThatRoam) {
    explore(3, [](SmpMachine& machine) {
        Semaphore never("never"), sometimes("sometimes", 1);
        u32 ends = 0;
        auto const roam = [&](MayBlock const& context) {
            EXPECT_EQ(current_thread().set_affinity(context, 0b111), ThreadError::none);
            for (u64 round = 0; round < 3; ++round) {
                EXPECT_FALSE(never.wait_until(context, counter() + 20 * round));
                if (sometimes.wait_until(context, counter() + 50)) {
                    sometimes.post(context);
                }
                Clock::sleep_ns(context, 30);
            }
            atomic::fetch_add(&ends, 1u);
        };
        machine.thread(0, "a", kMainPriority - 1, roam);
        machine.thread(0, "b", kMainPriority - 2, roam);
        machine.thread(0, "c", kMainPriority - 1, roam);
        machine.run();
        EXPECT_EQ(ends, 3u);
        EXPECT_EQ(sometimes.count(), 1u);
        EXPECT_FALSE(never.has_waiters());
        machine.expect_at_rest();
    });
}

// Changed until it is gone, and a while longer.
TEST(ChangeSmp, AnExitingThreadMayBeChangedMeanwhile) {
    explore(3, [](SmpMachine& machine) {
        Thread& mayfly = machine.thread(0, "mayfly", kMainPriority + 1, [](MayBlock const&) {});
        machine.on(1, [&](MayBlock const& context) {
            for (u32 priority = 10; priority < 14; ++priority) {
                ThreadError const error = mayfly.set_priority(context, priority);
                EXPECT_TRUE(error == ThreadError::none || error == ThreadError::exited);
            }
        });
        machine.on(2, [&](MayBlock const& context) {
            for (int i = 0; i < 2; ++i) {
                (void)mayfly.suspend(context);
                (void)mayfly.set_affinity(context, 0b110);
                (void)mayfly.resume(context);
            }
            EXPECT_EQ(mayfly.join(context), ThreadError::none);
            EXPECT_EQ(mayfly.suspend(context), ThreadError::exited);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

// Two bottom halves, each of which needs the other CPU's to act.
TEST(ChangeSmp, BottomHalvesOfTwoCpusChangeThreadsOfTheOther) {
    explore(2, [](SmpMachine& machine) {
        std::array<Thread*, 2> there{};
        u32 changed = 0;
        auto const change = [&](u32 of) {
            return [&, of](MayBlock const& context) {
                EXPECT_EQ(there[of]->set_priority(context, 5), ThreadError::none);
                atomic::fetch_add(&changed, 1u);
            };
        };
        TestContinuation zero(Ipl::softserial, change(1)), one(Ipl::softserial, change(0));
        TestContinuation* const all[2] = {&zero, &one};
        Semaphore end("end");
        for (u32 number = 0; number < 2; ++number) {
            there[number] = &machine.thread(number, "t", 3, [&](MayBlock const& context) {
                end.wait(context);
                EXPECT_EQ(current_thread().base_priority(), 5u);
            });
            machine.on(number, [&, number](MayBlock const& context) {
                all[number]->schedule(context);
                while (atomic::load_relaxed(&changed) != 2) {
                    cpu_relax();
                }
                end.post(context);
            });
        }
        machine.run();
        machine.expect_at_rest();
    });
}

// Everybody changes everything about one thread while it works.
TEST(ChangeSmp, AllChangesAtOnce) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 rounds = 0;
        Thread& victim =
            machine.thread(0, "victim", kMainPriority + 1, [&](MayBlock const& context) {
                for (int i = 0; i < 4; ++i) {
                    semaphore.wait(context);
                    ++rounds;
                }
            });
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 round = 0; round < 4; ++round) {
                if (number == 0) {
                    semaphore.post(context);
                    (void)victim.set_priority(context, 6 + round);
                } else if (number == 1) {
                    (void)victim.set_affinity(context, 1 + round);
                } else {
                    (void)victim.suspend(context);
                    (void)victim.resume(context);
                }
            }
            (void)victim.join(context);
        });
        machine.run();
        EXPECT_EQ(rounds, 4u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
