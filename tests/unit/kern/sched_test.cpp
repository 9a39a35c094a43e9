// Threads: fixed priorities, FIFO within one, rotation by yield, preemption.
#include "kern/sched.hpp"

#include <map>
#include <memory>
#include <random>
#include <set>
#include <vector>

#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

TEST(Sched, AHigherThreadRunsBeforeStartReturns) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const&) {
        TestThread high("high", kMainPriority + 1, [&](auto const&) { trace.add("high"); });
        trace.add("main");
        EXPECT_EQ(high.state(), ThreadState::exited);
    });
    EXPECT_EQ(trace.text(), "high main");
    machine.expect_at_rest();
}

TEST(Sched, LowerThreadsRunWhenMainBlocksHighestFirst) {
    Machine machine;
    Trace trace;
    Semaphore done("done");
    machine.run([&](MayBlock const& context) {
        TestThread a("1", 1, [&](MayBlock const& its_context) {
            trace.add("1");
            done.post(its_context);
        });
        TestThread b("3", 3, [&](auto const&) { trace.add("3"); });
        TestThread c("2a", 2, [&](auto const&) { trace.add("2a"); });
        TestThread d("2b", 2, [&](auto const&) { trace.add("2b"); });
        TestThread e("same", kMainPriority, [&](auto const&) { trace.add("same"); });
        trace.add("main");
        done.wait(context);
    });
    EXPECT_EQ(trace.text(), "main same 3 2a 2b 1");
    machine.expect_at_rest();
}

TEST(Sched, YieldRotatesWithinAPriority) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        auto twice = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                trace.add(name);
                Scheduler::yield(its_context);
                trace.add(name);
            };
        };
        TestThread a("a", kMainPriority, twice("a"));
        TestThread b("b", kMainPriority, twice("b"));
        for (int i = 0; i < 3; ++i) {
            trace.add("main");
            Scheduler::yield(context);
        }
    });
    EXPECT_EQ(trace.text(), "main a b main a b main");
    machine.expect_at_rest();
}

TEST(Sched, YieldAloneComesBackAndLowerThreadsDoNotRun) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread low("low", 1, [&](auto const&) { trace.add("low"); });
        Scheduler::yield(context);
        EXPECT_EQ(low.state(), ThreadState::ready);
    });
    EXPECT_EQ(trace.text(), "");
}

TEST(Sched, APreemptedThreadKeepsItsTurn) {
    Machine machine;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        TestThread peer("peer", kMainPriority, [&](auto const&) { trace.add("peer"); });
        TestThread high("high", kMainPriority + 1, [&](auto const&) { trace.add("high"); });
        trace.add("main");  // preempted, not rotated: main goes on before its peer
        Scheduler::yield(context);
    });
    EXPECT_EQ(trace.text(), "high main peer");
}

TEST(Sched, PreemptionWaitsForTheSpl) {
    Machine machine;
    Trace trace;
    Semaphore semaphore("s");
    machine.run([&](MayBlock const& context) {
        TestThread high("high", kMainPriority + 1, [&](MayBlock const& its_context) {
            semaphore.wait(its_context);
            trace.add("high");
        });
        {
            SplGuard const hold(Ipl::softclock);
            semaphore.post(context);
            trace.add("held");
        }
        trace.add("main");
    });
    EXPECT_EQ(trace.text(), "held high main");
    machine.expect_at_rest();
}

TEST(Sched, TwoMadeReadyUnderOneHoldRunHighestFirst) {
    for (bool const low_first : {true, false}) {
        Machine machine;
        Trace trace;
        Semaphore low_s("low"), high_s("high");
        machine.run([&](MayBlock const& context) {
            TestThread low("low", kMainPriority + 1, [&](MayBlock const& its_context) {
                low_s.wait(its_context);
                trace.add("low");
            });
            TestThread high("high", kMainPriority + 2, [&](MayBlock const& its_context) {
                high_s.wait(its_context);
                trace.add("high");
            });
            {
                NoPreemption const hold;
                (low_first ? low_s : high_s).post(context);
                (low_first ? high_s : low_s).post(context);
            }
            trace.add("main");
        });
        EXPECT_EQ(trace.text(), "high low main");
        machine.expect_at_rest();
    }
}

void count_run(MayBlock const&, int& runs) { ++runs; }

TEST(Sched, ErrorsAreReturned) {
    Machine machine;
    Thread thread("t");
    static StackMemory<4096> stack;
    int argument = 0;
    EXPECT_EQ((thread.start<&count_run>(stack, kThreadPriorities, argument)),
              ThreadError::bad_priority);
    EXPECT_EQ((thread.start<&count_run>(stack, kIdlePriority, argument)),
              ThreadError::bad_priority);
    EXPECT_EQ((thread.start<&count_run>(stack, kMainPriority + 1, argument)), ThreadError::none);
    EXPECT_EQ(argument, 1);
    EXPECT_EQ((thread.start<&count_run>(stack, 3, argument)), ThreadError::none);  // it had exited
    EXPECT_EQ((thread.start<&count_run>(stack, 3, argument)), ThreadError::already_started);
}

TEST(Sched, AllThreadsAreListedOnce) {
    Machine machine;
    TestThread a("listed", kMainPriority + 1, [](auto const&) {});
    std::map<std::string, int> seen;
    Thread* thread = Thread::all();
    for (int i = 0; i < 7; ++i, thread = thread->next_of_all()) {  // this machine's, newest first
        ASSERT_NE(thread, nullptr);
        ++seen[thread->name()];
    }
    std::map<std::string, int> const expected = {{"listed", 1},  {"idle", 1},    {"softclock", 1},
                                                 {"softbio", 1}, {"softnet", 1}, {"softserial", 1},
                                                 {"main", 1}};
    EXPECT_EQ(seen, expected);
}

TEST(RunQueue, FirstAndLastAtEveryPriority) {
    Machine machine;  // outlives the threads' links
    std::vector<std::unique_ptr<TestThread>> threads;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        Semaphore done("done");
        for (u32 priority = 1; priority < kMainPriority; ++priority) {
            for (const char* order : {"a", "b", "c"}) {
                std::string const name = std::to_string(priority) + order;
                threads.push_back(std::make_unique<TestThread>(
                    "t", priority, [&trace, name](auto const&) { trace.add(name); }));
            }
        }
        TestThread last("last", 1, [&](MayBlock const& c) { done.post(c); });
        done.wait(context);
    });
    EXPECT_EQ(trace.text(), "7a 7b 7c 6a 6b 6c 5a 5b 5c 4a 4b 4c 3a 3b 3c 2a 2b 2c 1a 1b 1c");
}

// Many threads on many semaphores, against a model of "the highest ready thread runs".
TEST(SchedProperty, TheRunningThreadIsNeverOutranked) {
    for (u64 seed = 0; seed < 100; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        sim::set_seed(seed);
        std::mt19937_64 random(seed);
        Machine machine;
        constexpr int kThreads = 6;
        std::vector<std::unique_ptr<TestThread>> threads;
        Semaphore semaphores[3] = {Semaphore("s0"), Semaphore("s1"), Semaphore("s2")};
        auto check = [&] {
            sim::Quiet const quiet;
            Thread const& running = current_thread();
            for (auto const& other : threads) {
                if (other->state() == ThreadState::ready && &other->get() != &running) {
                    EXPECT_LE(other->get().priority(), running.priority());
                }
            }
        };
        machine.run([&](MayBlock const& context) {
            for (int i = 0; i < kThreads; ++i) {
                u32 const priority = 9 + static_cast<u32>(random() % 4);
                threads.push_back(
                    std::make_unique<TestThread>("t", priority, [&](MayBlock const& c) {
                        for (int round = 0; round < 20; ++round) {
                            semaphores[random() % 3].wait(c);
                            check();
                            if (random() % 2 == 0) {
                                semaphores[random() % 3].post(c);
                                check();
                            }
                            if (random() % 4 == 0) {
                                Scheduler::yield(c);
                                check();
                            }
                        }
                    }));
            }
            for (int i = 0; i < 200; ++i) {
                semaphores[random() % 3].post(context);
                check();
            }
        });
        machine.expect_at_rest();
        if (HasFailure()) {
            break;
        }
    }
}

}  // namespace
}  // namespace pivot
