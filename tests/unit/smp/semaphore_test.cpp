// Semaphores, joins and moves between CPUs, in every order that the explorer finds.
#include "kern/semaphore.hpp"

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

TEST(SemaphoreSmp, EachPostIsOneWait) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 taken = 0;
        auto const take = [&](MayBlock const& context) {
            semaphore.wait(context);
            atomic::fetch_add(&taken, 1u);
        };
        machine.on(0, [&](MayBlock const& context) {
            for (int i = 0; i < 4; ++i) {
                semaphore.post(context);
            }
        });
        for (u32 number = 1; number < 3; ++number) {
            machine.on(number, take);
            machine.thread(number, "more", kMainPriority + number, take);
        }
        machine.run();
        EXPECT_EQ(taken, 4u);
        EXPECT_EQ(semaphore.count(), 0u);
        machine.expect_at_rest();
    });
}

// A post meets a timeout: the waiter has it, or it is still there; never both, never neither.
TEST(SemaphoreSmp, APostAndATimeoutAtOnce) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 taken = 0;
        machine.on(0, [&](MayBlock const& context) {
            for (u64 away : {60, 150}) {
                taken += semaphore.wait_until(context, counter() + away) ? 1 : 0;
            }
        });
        machine.on(1, [&](MayBlock const& context) {
            semaphore.post(context);
            semaphore.post(context);
        });
        machine.run();
        EXPECT_EQ(taken + semaphore.count(), 2u);
        machine.expect_at_rest();
    });
}

// A ball that two CPUs throw to each other, each asleep until it comes.
TEST(SemaphoreSmp, PingPong) {
    explore(2, [](SmpMachine& machine) {
        Semaphore ball[2] = {Semaphore("ping", 1), Semaphore("pong")};
        int at = 0;  // who has the ball
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (int i = 0; i < 3; ++i) {
                ball[number].wait(context);
                EXPECT_EQ(at, static_cast<int>(number));
                at = 1 - at;
                ball[1 - number].post(context);
            }
        });
        machine.run();
        EXPECT_EQ(at, 0);
        machine.expect_at_rest();
    });
}

TEST(SemaphoreSmp, APostByATopHalfsContinuationForAnotherCpu) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        TestContinuation post(Ipl::softnet,
                              [&](MayBlock const& context) { semaphore.post(context); });
        u32 scheduled = 0;
        machine.device<Ipl::vm>(0, 3, [&](TopHalf<Ipl::vm> const& context) {
            scheduled += post.schedule(context) ? 1 : 0;
        });
        u32 taken = 0;
        machine.on(1, [&](MayBlock const& context) {
            while (semaphore.wait_until(context, counter() + 2000)) {
                ++taken;
            }
        });
        machine.run();
        EXPECT_EQ(taken + semaphore.count(), scheduled);
        machine.expect_at_rest();
    });
}

// One thread starts another on the other CPU and waits for its end.
struct Child {
    static void run(MayBlock const&, Child& self) {
        EXPECT_EQ(&this_cpu(), &current_thread().home());
        atomic::store_relaxed(&self.cpu, this_cpu().id);
    }
    Thread thread{"child"};
    StackMemory<4096> stack;
    u32 cpu = 99;
};

TEST(ThreadSmp, StartedOnAnotherCpuAndJoined) {
    explore(2, [](SmpMachine& machine) {
        Child child;
        machine.on(0, [&](MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                EXPECT_EQ(child.thread.start_on<&Child::run>(machine.cpu(1), child.stack,
                                                             kMainPriority + 1, child),
                          ThreadError::none);
                EXPECT_EQ(child.thread.join(context), ThreadError::none);
                EXPECT_EQ(child.cpu, 1u);
            }
        });
        machine.run();
        EXPECT_EQ(child.thread.state(), ThreadState::exited);
        machine.expect_at_rest();
    });
}

// A thread that takes part in something is moved about by another CPU.
TEST(ThreadSmp, MovedWhileItSleepsAndWakes) {
    explore(2, [](SmpMachine& machine) {
        Semaphore go("go"), came("came");
        Thread& wanderer =
            machine.thread(0, "wanderer", kMainPriority + 1, [&](MayBlock const& context) {
                for (int i = 0; i < 3; ++i) {
                    go.wait(context);
                    came.post(context);
                }
                go.wait(context);  // stays until it has been moved for the last time
            });
        machine.on(1, [&](MayBlock const& context) {
            for (u64 cpus : {2, 1, 3}) {
                go.post(context);
                EXPECT_EQ(wanderer.set_affinity(context, cpus), ThreadError::none);
                came.wait(context);
            }
            go.post(context);
        });
        machine.run();
        EXPECT_EQ(wanderer.state(), ThreadState::exited);
        machine.expect_at_rest();
    });
}

// It runs, and must not on this CPU any more from when set_affinity has returned.
TEST(ThreadSmp, MovedWhileItRuns) {
    explore(2, [](SmpMachine& machine) {
        u32 moved = 0;
        u32 stop = 0;
        Thread& runner = machine.thread(0, "runner", kMainPriority - 1, [&](MayBlock const&) {
            while (atomic::load_acquire(&stop) == 0) {
                u32 const only = atomic::load_acquire(&moved);
                NoPreemption const hold;
                if (only != 0 && atomic::load_acquire(&moved) == only) {
                    EXPECT_EQ(this_cpu().id, only - 1);
                }
                cpu_relax();
            }
        });
        machine.on(1, [&](MayBlock const& context) {
            for (u32 cpu : {1u, 0u}) {
                atomic::store_release(&moved, 0u);
                EXPECT_EQ(runner.set_affinity(context, u64{1} << cpu), ThreadError::none);
                atomic::store_release(&moved, cpu + 1);
                Clock::sleep_ns(context, 100);
            }
            atomic::store_release(&stop, 1u);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

TEST(ThreadSmp, SuspendedResumedAndGivenAnotherPriority) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 steps = 0;
        Thread& worker =
            machine.thread(0, "worker", kMainPriority + 1, [&](MayBlock const& context) {
                for (int i = 0; i < 2; ++i) {
                    semaphore.wait(context);
                    atomic::fetch_add(&steps, 1u);
                }
            });
        machine.on(1, [&](MayBlock const& context) {
            semaphore.post(context);
            EXPECT_EQ(worker.suspend(context), ThreadError::none);
            u32 const before = atomic::load_relaxed(&steps);
            semaphore.post(context);
            EXPECT_EQ(worker.set_priority(context, kMainPriority - 1), ThreadError::none);
            EXPECT_EQ(atomic::load_relaxed(&steps), before) << "a suspended thread runs";
            EXPECT_EQ(worker.resume(context), ThreadError::none);
        });
        machine.run();
        EXPECT_EQ(steps, 2u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
