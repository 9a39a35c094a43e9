// Threads of several CPUs: starting, joining, suspending.
#include "tests/unit/smp/started.hpp"

namespace pivot {
namespace {

// On which CPU the calling thread runs.
u32 where() {
    NoPreemption const hold;
    return this_cpu().id;
}

TEST(ThreadSmp, StartedOnAnotherCpuAndJoinedByAll) {
    explore(3, [](SmpMachine& machine) {
        u32 ran_on = 99;
        Started child("child", [&](MayBlock const&) { ran_on = where(); });
        bool started = false;
        machine.on_each([&](u32 number, MayBlock const& context) {
            if (number == 0) {
                EXPECT_EQ(child.start_on(machine.cpu(1), 5), ThreadError::none);
                atomic::store_release(&started, true);
            }
            while (!atomic::load_acquire(&started)) {
                cpu_relax();
            }
            EXPECT_EQ(child.get().join(context), ThreadError::none);
            EXPECT_EQ(child.get().state(), ThreadState::exited);
            EXPECT_EQ(ran_on, 1u);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

// The second may come after its exit, and start it again.
TEST(ThreadSmp, ARunForEachStartThatSaysSo) {
    explore(2, [](SmpMachine& machine) {
        u32 runs = 0, started = 0;
        Started child("child", [&](MayBlock const&) { ++runs; });
        machine.on_each([&](u32 number, MayBlock const& context) {
            ThreadError const error = child.start_on(machine.cpu(number), 9);
            EXPECT_TRUE(error == ThreadError::none || error == ThreadError::already_started);
            atomic::fetch_add(&started, error == ThreadError::none ? 1u : 0u);
            EXPECT_EQ(child.get().join(context), ThreadError::none);
        });
        machine.run();
        EXPECT_GE(started, 1u);
        EXPECT_EQ(runs, started);
        machine.expect_at_rest();
    });
}

// From the return of suspend to resume it makes no step.
TEST(ThreadSmp, ASuspendedThreadMakesNoStep) {
    explore(2, [](SmpMachine& machine) {
        u32 steps = 0;
        Thread& walker = machine.thread(1, "walker", kMainPriority + 1, [&](MayBlock const&) {
            for (int i = 0; i < 40; ++i) {
                atomic::store_relaxed(&steps, steps + 1);
            }
        });
        machine.on(0, [&](MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                ThreadError const error = walker.suspend(context);
                if (error == ThreadError::exited) {
                    return;
                }
                EXPECT_EQ(error, ThreadError::none);
                u32 const before = atomic::load_relaxed(&steps);
                for (int i = 0; i < 10; ++i) {
                    EXPECT_EQ(atomic::load_relaxed(&steps), before);
                }
                (void)walker.resume(context);
            }
        });
        machine.run();
        EXPECT_EQ(steps, 40u);
        machine.expect_at_rest();
    });
}

// Woken while it is suspended, it runs when it is resumed; the unit is its own meanwhile.
TEST(ThreadSmp, SuspendedWhileItWaits) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        bool done = false, resumed = false;
        Thread& waiter =
            machine.thread(1, "waiter", kMainPriority + 1, [&](MayBlock const& context) {
                semaphore.wait(context);
                EXPECT_TRUE(resumed);
                done = true;
            });
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_EQ(waiter.suspend(context), ThreadError::none);
            semaphore.post(context);
            Scheduler::yield(context);
            EXPECT_FALSE(done);
            resumed = true;
            EXPECT_EQ(waiter.resume(context), ThreadError::none);
            EXPECT_EQ(waiter.join(context), ThreadError::none);
        });
        machine.run();
        EXPECT_TRUE(done);
        EXPECT_EQ(semaphore.count(), 0u);
        machine.expect_at_rest();
    });
}

// It is ready and about to run on an idle CPU when it is suspended.
TEST(ThreadSmp, SuspendedAsItIsWoken) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s"), sleeping("sleeping");
        u32 woken = 0;
        Thread& waiter =
            machine.thread(1, "waiter", kMainPriority + 1, [&](MayBlock const& context) {
                for (int i = 0; i < 3; ++i) {
                    sleeping.post(context);
                    semaphore.wait(context);
                    ++woken;
                }
            });
        machine.on(0, [&](MayBlock const& context) {
            for (int i = 0; i < 3; ++i) {
                sleeping.wait(context);
                semaphore.post(context);
                if (waiter.suspend(context) == ThreadError::none) {
                    (void)waiter.resume(context);
                }
            }
        });
        machine.run();
        EXPECT_EQ(woken, 3u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
