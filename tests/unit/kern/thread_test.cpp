// Threads on one CPU: what is refused, joining, suspending, priorities, time slices, stacks.
#include "kern/thread.hpp"

#include "mutex/adaptive_mutex.hpp"
#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

void do_nothing(MayBlock const&, int&) {}

// -- errors

TEST(ThreadErrors, AThreadIsStartedOnceUntilItHasExited) {
    Machine machine;
    static StackMemory<4096> stack;
    int argument = 0;
    machine.run([&](MayBlock const& context) {
        Thread thread("t");
        EXPECT_EQ(thread.start<&do_nothing>(stack, 5, argument), ThreadError::none);
        EXPECT_EQ(thread.start<&do_nothing>(stack, 5, argument), ThreadError::already_started);
        EXPECT_EQ(thread.join(context), ThreadError::none);
        EXPECT_EQ(thread.start<&do_nothing>(stack, 5, argument), ThreadError::none);
        EXPECT_EQ(thread.join(context), ThreadError::none);
    });
    machine.expect_at_rest();
}

TEST(ThreadErrors, PrioritiesAndCpusThatThereAreNot) {
    Machine machine;
    static StackMemory<4096> stack;
    static PerCpu absent{};
    absent.id = 3;
    int argument = 0;
    machine.run([&](MayBlock const& context) {
        Thread thread("t");
        EXPECT_EQ(thread.start<&do_nothing>(stack, kIdlePriority, argument),
                  ThreadError::bad_priority);
        EXPECT_EQ(thread.start<&do_nothing>(stack, kThreadPriorities, argument),
                  ThreadError::bad_priority);
        EXPECT_EQ(thread.start_on<&do_nothing>(absent, stack, 5, argument),
                  ThreadError::no_such_cpu);
        EXPECT_EQ(thread.state(), ThreadState::unstarted);
        EXPECT_EQ(thread.start<&do_nothing>(stack, 5, argument), ThreadError::none);
        EXPECT_EQ(thread.set_priority(context, kIdlePriority), ThreadError::bad_priority);
        EXPECT_EQ(thread.set_priority(context, kThreadPriorities), ThreadError::bad_priority);
        EXPECT_EQ(thread.set_affinity(context, 0), ThreadError::no_such_cpu);
        EXPECT_EQ(thread.set_affinity(context, 0b1000), ThreadError::no_such_cpu);
        EXPECT_EQ(thread.base_priority(), 5u);
        EXPECT_EQ(thread.affinity(), 1u);
        EXPECT_EQ(thread.join(context), ThreadError::none);
    });
}

TEST(ThreadErrors, BeforeTheStartAndAfterTheEnd) {
    Machine machine;
    machine.run([&](MayBlock const& context) {
        Thread unstarted("u");
        EXPECT_EQ(unstarted.join(context), ThreadError::not_started);
        EXPECT_EQ(unstarted.suspend(context), ThreadError::not_started);
        EXPECT_EQ(unstarted.resume(context), ThreadError::not_started);
        EXPECT_EQ(unstarted.set_priority(context, 5), ThreadError::not_started);
        EXPECT_EQ(unstarted.set_affinity(context, 1), ThreadError::not_started);
        TestThread gone("g", kMainPriority + 1, [](auto const&) {});
        EXPECT_EQ(gone.state(), ThreadState::exited);
        EXPECT_EQ(gone.get().suspend(context), ThreadError::exited);
        EXPECT_EQ(gone.get().resume(context), ThreadError::exited);
        EXPECT_EQ(gone.get().set_priority(context, 5), ThreadError::exited);
        EXPECT_EQ(gone.get().set_affinity(context, 1), ThreadError::exited);
        EXPECT_EQ(gone.get().join(context), ThreadError::none)
            << "it has exited: nothing to wait for";
    });
    machine.expect_at_rest();
}

TEST(ThreadErrors, JoiningItself) {
    Machine machine;
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(current_thread().join(context), ThreadError::joins_itself);
    });
    machine.expect_at_rest();
}

TEST(ThreadErrors, IdleAndBottomHalvesAreLetAlone) {
    Machine machine;
    machine.run([&](MayBlock const& context) {
        u32 refused = 0;
        Thread* thread = Thread::all();
        for (int i = 0; i < 6; ++i, thread = thread->next_of_all()) {
            bool const ours = thread->is_bottom_half() || thread->base_priority() == kIdlePriority;
            if (ours) {
                EXPECT_EQ(thread->suspend(context), ThreadError::kernel_thread) << thread->name();
                EXPECT_EQ(thread->set_priority(context, 5), ThreadError::kernel_thread);
                EXPECT_EQ(thread->set_affinity(context, 1), ThreadError::kernel_thread);
                ++refused;
            }
        }
        EXPECT_EQ(refused, 5u);
    });
    machine.expect_at_rest();
}

TEST(ThreadDeathTest, ChangesWaitSoTheyNeedAContextThatMay) {
    Machine machine;
    machine.run([&](MayBlock const& context) {
        TestThread thread("t", 5, [](auto const&) {});
        NoPreemption const hold;
        EXPECT_DEATH((void)thread.get().suspend(context), "sleep with the SPL raised .t");
        EXPECT_DEATH((void)thread.get().join(context), "sleep with the SPL raised .t");
    });
}

TEST(ThreadDeathTest, AMutexUnlockedByAStranger) {
    Machine machine;
    AdaptiveMutex mutex("inode");
    machine.run([&](MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        TestThread stranger("stranger", kMainPriority + 1, [&](MayBlock const& its_context) {
            EXPECT_DEATH(mutex.unlock(its_context), "does not own it .inode");
        });
    });
}

TEST(ThreadDeathTest, EndsOwningAMutex) {
    Machine machine;
    AdaptiveMutex mutex("inode");
    machine.run([&](MayBlock const&) {
        auto const lock = [&](MayBlock const& its_context) { mutex.lock(its_context); };
        EXPECT_DEATH(TestThread("t", kMainPriority + 1, lock), "ends owning a lock .inode");
    });
}

// -- joining

TEST(Thread, IsJoinedByManyHighestFirst) {
    Machine machine;
    Trace trace;
    Semaphore end("end");
    machine.run([&](MayBlock const& context) {
        TestThread child("child", 15, [&](MayBlock const& its_context) { end.wait(its_context); });
        auto joiner = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                EXPECT_EQ(child.get().join(its_context), ThreadError::none);
                trace.add(name);
            };
        };
        TestThread a("a", 10, joiner("10a"));
        TestThread b("b", 12, joiner("12"));
        TestThread c("c", 10, joiner("10b"));
        TestThread d("d", 7, joiner("7"));
        end.post(context);
        trace.add("main");
        EXPECT_EQ(d.get().join(context), ThreadError::none);
    });
    EXPECT_EQ(trace.text(), "12 10a 10b main 7");
    machine.expect_at_rest();
}

// -- suspending

TEST(Thread, SuspendedWhileReadyItRunsWhenItIsResumed) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread low("low", 5, [&](auto const&) { trace.add("low"); });
        TestThread lower("lower", 4, [&](auto const&) { trace.add("lower"); });
        EXPECT_EQ(low.get().suspend(context), ThreadError::none);
        EXPECT_EQ(low.state(), ThreadState::suspended);
        EXPECT_EQ(low.get().suspend(context), ThreadError::none) << "twice is once";
        EXPECT_EQ(lower.get().join(context), ThreadError::none);
        trace.add("main");
        EXPECT_EQ(low.get().resume(context), ThreadError::none);
        EXPECT_EQ(low.get().resume(context), ThreadError::none);
        EXPECT_EQ(low.get().join(context), ThreadError::none);
    });
    EXPECT_EQ(trace.text(), "lower main low");
    machine.expect_at_rest();
}

TEST(Thread, SuspendsItself) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread self("self", kMainPriority + 1, [&](MayBlock const& its_context) {
            trace.add("before");
            EXPECT_EQ(current_thread().suspend(its_context), ThreadError::none);
            trace.add("after");
        });
        trace.add("main");
        EXPECT_EQ(self.get().resume(context), ThreadError::none);
        EXPECT_EQ(self.state(), ThreadState::exited);
    });
    EXPECT_EQ(trace.text(), "before main after");
    machine.expect_at_rest();
}

TEST(Thread, SuspendedWhileBlockedItKeepsItsPlaceAndItsTurn) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        auto waiter = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                semaphore.wait(its_context);
                trace.add(name);
            };
        };
        TestThread a("a", 12, waiter("a"));
        TestThread b("b", 12, waiter("b"));
        EXPECT_EQ(a.get().suspend(context), ThreadError::none);
        EXPECT_EQ(a.state(), ThreadState::blocked);
        TestThread c("c", 11, waiter("c"));
        semaphore.post(context);
        EXPECT_EQ(trace.text(), "") << "a has it and is suspended";
        EXPECT_EQ(a.state(), ThreadState::suspended);
        semaphore.post(context);
        EXPECT_EQ(trace.text(), "b");
        EXPECT_EQ(a.get().resume(context), ThreadError::none);
        semaphore.post(context);
    });
    EXPECT_EQ(trace.text(), "b a c");
    machine.expect_at_rest();
}

TEST(Thread, ADeadlineThatPassesWhileItIsSuspended) {
    Machine machine;
    Ticker ticker;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        bool ended = false;
        TestThread waiter("w", 12, [&](MayBlock const& its_context) {
            EXPECT_FALSE(semaphore.wait_until(its_context, counter() + 500));
            ended = true;
        });
        EXPECT_EQ(waiter.get().suspend(context), ThreadError::none);
        Clock::sleep_ns(context, 2000);
        EXPECT_FALSE(ended);
        EXPECT_EQ(waiter.state(), ThreadState::suspended);
        semaphore.post(context);
        EXPECT_EQ(semaphore.count(), 1u) << "it does not wait any more";
        EXPECT_EQ(waiter.get().resume(context), ThreadError::none);
        EXPECT_TRUE(ended);
    });
    machine.expect_at_rest();
}

TEST(Thread, ASuspendedOwnerKeepsItsMutex) {
    Machine machine;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        TestThread owner("owner", 12, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(mutex, its_context);
            EXPECT_EQ(current_thread().suspend(its_context), ThreadError::none);
        });
        EXPECT_EQ(mutex.owner(), &owner.get());
        EXPECT_FALSE(mutex.try_lock(context));
        EXPECT_EQ(owner.get().resume(context), ThreadError::none);
        EXPECT_EQ(mutex.owner(), nullptr);
    });
    machine.expect_at_rest();
}

// -- priorities

TEST(Thread, RaisedWhileReadyItRunsAtOnce) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 5, [&](auto const&) { trace.add("a"); });
        TestThread b("b", 4, [&](auto const&) { trace.add("b"); });
        EXPECT_EQ(b.get().set_priority(context, 6), ThreadError::none);
        trace.add("main");
        EXPECT_EQ(b.get().set_priority(context, kMainPriority + 1), ThreadError::none);
        trace.add("main");
        EXPECT_EQ(a.get().join(context), ThreadError::none);
    });
    EXPECT_EQ(trace.text(), "main b main a");
    machine.expect_at_rest();
}

TEST(Thread, LoweredWhileRunningItGivesWay) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 5, [&](auto const&) { trace.add("5"); });
        TestThread b("b", 7, [&](auto const&) { trace.add("7"); });
        TestThread c("c", 3, [&](auto const&) { trace.add("3"); });
        EXPECT_EQ(current_thread().set_priority(context, 4), ThreadError::none);
        trace.add("main");
        EXPECT_EQ(current_thread().set_priority(context, kMainPriority), ThreadError::none);
    });
    EXPECT_EQ(trace.text(), "7 5 main");
    machine.expect_at_rest();
}

TEST(Thread, ChangedWhileBlockedItsTurnChanges) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        auto waiter = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                semaphore.wait(its_context);
                trace.add(name);
            };
        };
        TestThread a("a", 12, waiter("a"));
        TestThread b("b", 11, waiter("b"));
        TestThread c("c", 10, waiter("c"));
        EXPECT_EQ(c.get().set_priority(context, 13), ThreadError::none);
        EXPECT_EQ(a.get().set_priority(context, 9), ThreadError::none);
        for (int i = 0; i < 3; ++i) {
            semaphore.post(context);
        }
    });
    EXPECT_EQ(trace.text(), "c b a");
    machine.expect_at_rest();
}

TEST(Thread, ChangedWhileItWaitsForAMutexItsTurnAndWhatItLendsChange) {
    Machine machine;
    Trace trace;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        auto taker = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                AdaptiveGuard const guard(mutex, its_context);
                trace.add(name);
            };
        };
        TestThread a("a", 12, taker("a"));
        TestThread b("b", 11, taker("b"));
        EXPECT_EQ(current_thread().priority(), 12u);
        EXPECT_EQ(b.get().set_priority(context, 14), ThreadError::none);
        EXPECT_EQ(current_thread().priority(), 14u);
        EXPECT_EQ(b.get().set_priority(context, 9), ThreadError::none);
        EXPECT_EQ(current_thread().priority(), 12u);
        EXPECT_EQ(a.get().set_priority(context, 10), ThreadError::none);
        EXPECT_EQ(current_thread().priority(), 10u);
        mutex.unlock(context);
        EXPECT_EQ(current_thread().priority(), kMainPriority);
    });
    EXPECT_EQ(trace.text(), "a b");
    machine.expect_at_rest();
}

TEST(Thread, WhatIsLentOutlastsALowerBase) {
    Machine machine;
    AdaptiveMutex mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        TestThread waiter("w", 12, [&](MayBlock const& its_context) {
            AdaptiveGuard const guard(mutex, its_context);
        });
        EXPECT_EQ(current_thread().set_priority(context, 3), ThreadError::none);
        EXPECT_EQ(current_thread().priority(), 12u);
        EXPECT_EQ(current_thread().base_priority(), 3u);
        mutex.unlock(context);
        EXPECT_EQ(current_thread().priority(), 3u);
        EXPECT_EQ(current_thread().set_priority(context, kMainPriority), ThreadError::none);
    });
    machine.expect_at_rest();
}

// -- stacks

TEST(Thread, TheStacksHighWaterMarkIsItsLowestUsedWord) {
    Machine machine;
    static StackMemory<8192> stack;
    int argument = 0;
    machine.run([&](MayBlock const& context) {
        Thread thread("t");
        EXPECT_EQ(thread.start<&do_nothing>(stack, 5, argument), ThreadError::none);
        EXPECT_EQ(thread.stack_used(), 0u) << "the host's threads run elsewhere";
        stack.memory[8192 - 100] = 1;
        EXPECT_EQ(thread.stack_used(), 104u);
        stack.memory[8192 - 5000] = 1;
        EXPECT_EQ(thread.stack_used(), 5000u);
        stack.memory[0] = 1;
        EXPECT_EQ(thread.stack_used(), 8192u);
        EXPECT_EQ(thread.join(context), ThreadError::none);
    });
    machine.expect_at_rest();
}

}  // namespace
}  // namespace pivot
