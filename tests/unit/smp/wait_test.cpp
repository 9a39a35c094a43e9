// What threads of several CPUs wait for, in every order that the explorer finds: nothing is lost,
// nothing is had twice, whoever gives up has not had it.
#include "kern/condition.hpp"
#include "kern/event_flags.hpp"
#include "kern/message_queue.hpp"
#include "kern/read_write_lock.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

u64 soon(u64 ticks) { return counter() + ticks; }

TEST(SemaphoreSmp, EachPostIsOneWait) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 got = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                if (number == 0) {
                    semaphore.post(context);
                    semaphore.post(context);
                } else {
                    semaphore.wait(context);
                    atomic::fetch_add(&got, 1u);
                }
            }
        });
        machine.run();
        EXPECT_EQ(got, 4u);
        EXPECT_EQ(semaphore.count(), 0u);
        machine.expect_at_rest();
    });
}

TEST(SemaphoreSmp, WhoGivesUpHasTakenNothing) {
    explore(3, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        u32 got = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 3; ++round) {
                if (number == 0) {
                    semaphore.post(context);
                } else if (semaphore.wait_until(context, soon(100 * number + 60 * round))) {
                    atomic::fetch_add(&got, 1u);
                }
            }
        });
        machine.run();
        EXPECT_EQ(got + semaphore.count(), 3u);
        machine.expect_at_rest();
    });
}

TEST(SemaphoreSmp, WakesAcrossCpusHighestFirst) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s"), queued("queued");
        Trace trace;
        auto const waiter = [&](u32 priority, const char* name) {
            machine.thread(1, name, priority, [&, name](MayBlock const& context) {
                queued.post(context);
                semaphore.wait(context);
                trace.add(name);
            });
        };
        waiter(9, "c");
        waiter(11, "a");
        waiter(10, "b");
        machine.on(0, [&](MayBlock const& context) {
            for (int i = 0; i < 3; ++i) {
                queued.wait(context);
            }
            while (machine.cpu(1).current->priority() > kMainPriority) {
                cpu_relax();  // the last one is still on its way into the queue
            }
            NoPreemption const hold;
            for (int i = 0; i < 3; ++i) {
                semaphore.post(context);
            }
        });
        machine.run();
        EXPECT_EQ(trace.text(), "a b c");
        machine.expect_at_rest();
    });
}

// Producers and consumers of a counter, under a mutex.
struct Shelf {
    AdaptiveMutex mutex{"shelf"};
    Condition filled{"filled"};
    Condition emptied{"emptied"};
    u32 goods = 0;
    u32 most = 0;

    void put(MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        while (goods == 1) {
            emptied.wait(context, mutex);
        }
        most = ++goods > most ? goods : most;
        filled.signal(context);
    }
    void take(MayBlock const& context) {
        AdaptiveGuard const guard(mutex, context);
        while (goods == 0) {
            filled.wait(context, mutex);
        }
        --goods;
        emptied.signal(context);
    }
};

TEST(ConditionSmp, NoSignalIsLostBetweenProducersAndConsumers) {
    explore(3, [](SmpMachine& machine) {
        Shelf shelf;
        machine.thread(1, "taker", kMainPriority + 1, [&](MayBlock const& context) {
            shelf.take(context);
            shelf.take(context);
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                number == 2 ? shelf.take(context) : shelf.put(context);
            }
        });
        machine.run();
        EXPECT_EQ(shelf.goods, 0u);
        EXPECT_EQ(shelf.most, 1u);
        EXPECT_EQ(shelf.mutex.owner(), nullptr);
        machine.expect_at_rest();
    });
}

TEST(ConditionSmp, ABroadcastReachesAllThatWait) {
    explore(3, [](SmpMachine& machine) {
        AdaptiveMutex mutex("gate");
        Condition opened("opened");
        bool open = false;
        u32 through = 0;
        auto const pass = [&](MayBlock const& context) {
            AdaptiveGuard const guard(mutex, context);
            while (!open) {
                opened.wait(context, mutex);
            }
            ++through;
        };
        machine.thread(0, "a", kMainPriority + 2, pass);
        machine.thread(1, "b", kMainPriority + 1, pass);
        machine.thread(2, "c", kMainPriority - 1, pass);
        machine.on(1, [&](MayBlock const& context) {
            AdaptiveGuard const guard(mutex, context);
            open = true;
            opened.broadcast(context);
        });
        machine.run();
        EXPECT_EQ(through, 3u);
        EXPECT_FALSE(opened.has_waiters());
        machine.expect_at_rest();
    });
}

// Each signal ends one wait that has not ended by its deadline.
TEST(ConditionSmp, DeadlinesAndSignals) {
    explore(3, [](SmpMachine& machine) {
        AdaptiveMutex mutex("state");
        Condition changed("changed");
        u32 tokens = 0, taken = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 2; ++round) {
                AdaptiveGuard const guard(mutex, context);
                if (number == 0) {
                    ++tokens;
                    changed.signal(context);
                    continue;
                }
                u64 const deadline = soon(150 * number + 100 * round);
                while (tokens == 0 && changed.wait_until(context, mutex, deadline)) {
                }
                EXPECT_EQ(mutex.owner(), &current_thread());
                if (tokens != 0) {
                    --tokens;
                    ++taken;
                }
            }
        });
        machine.run();
        EXPECT_EQ(taken + tokens, 2u);
        EXPECT_FALSE(changed.has_waiters());
        EXPECT_EQ(mutex.owner(), nullptr);
        machine.expect_at_rest();
    });
}

// Readers see two words that a writer changes one after the other.
struct Pair {
    ReadWriteLock lock{"pair"};
    u32 inside = 0;  // readers + 100 times writers
    u32 first = 0, second = 0;

    void read() {
        EXPECT_LT(atomic::fetch_add(&inside, 1u), 100u);
        EXPECT_EQ(first, second);
        atomic::fetch_add(&inside, ~u32{0});
    }
    void write() {
        EXPECT_EQ(atomic::fetch_add(&inside, 100u), 0u);
        first = first + 1;
        second = second + 1;
        atomic::fetch_add(&inside, ~u32{99});
    }
};

TEST(ReadWriteLockSmp, WritersAreAlone) {
    explore(3, [](SmpMachine& machine) {
        Pair pair;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 round = 0; round < 3; ++round) {
                if ((number + round) % 2 == 0) {
                    ReadGuard const guard(pair.lock, context);
                    pair.read();
                } else {
                    WriteGuard const guard(pair.lock, context);
                    pair.write();
                }
            }
        });
        machine.run();
        EXPECT_EQ(pair.first, 4u);
        EXPECT_EQ(pair.lock.readers(), 0u);
        EXPECT_EQ(pair.lock.writer(), nullptr);
        EXPECT_FALSE(pair.lock.has_waiters());
        machine.expect_at_rest();
    });
}

TEST(ReadWriteLockSmp, NobodyIsForgottenWhenOthersGiveUp) {
    explore(3, [](SmpMachine& machine) {
        Pair pair;
        machine.thread(0, "reader", kMainPriority - 1, [&](MayBlock const& context) {
            ReadGuard const guard(pair.lock, context);
            pair.read();
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 2; ++round) {
                if (number == 0) {
                    ReadGuard const guard(pair.lock, context);
                    pair.read();
                } else if (pair.lock.lock_write_until(context, soon(60 * number + 40 * round))) {
                    pair.write();
                    pair.lock.unlock_write(context);
                } else if (pair.lock.try_lock_read(context)) {
                    pair.read();
                    pair.lock.unlock_read(context);
                }
            }
        });
        machine.run();
        EXPECT_EQ(pair.first, pair.second);
        EXPECT_EQ(pair.lock.readers(), 0u);
        EXPECT_EQ(pair.lock.writer(), nullptr);
        EXPECT_FALSE(pair.lock.has_waiters());
        machine.expect_at_rest();
    });
}

// A top half of one CPU, a continuation there, a waiter on another CPU.
TEST(PostSmp, FromATopHalfByAContinuationToAnotherCpu) {
    explore(2, [](SmpMachine& machine) {
        Semaphore semaphore("s");
        MessageQueue<u32, 2> queue("q");
        EventFlags events("e");
        TestContinuation post(Ipl::softnet, [&](MayBlock const& context) {
            semaphore.post(context);
            (void)queue.try_send(context, 7);
            events.set(context, 1);
        });
        machine.device<Ipl::vm>(0, 1,
                                [&](TopHalf<Ipl::vm> const& context) { post.schedule(context); });
        machine.on(1, [&](MayBlock const& context) {
            u32 message = 0;
            events.wait_any(context, 1);
            semaphore.wait(context);
            queue.receive(context, message);
            EXPECT_EQ(message, 7u);
        });
        machine.run();
        machine.expect_at_rest();
    });
}

// Every wake-up of another CPU's thread goes through its softserial bottom half: also that of the
// bottom half itself, and those of others while it is blocked.
TEST(PostSmp, ABlockedSoftserialBottomHalfIsWokenFromAnotherCpu) {
    explore(2, [](SmpMachine& machine) {
        Semaphore for_bottom_half("b"), for_thread("t"), blocked("blocked");
        u32 done = 0;
        TestContinuation wait(Ipl::softserial, [&](MayBlock const& context) {
            blocked.post(context);
            for_bottom_half.wait(context);
            for_bottom_half.wait(context);
            ++done;
        });
        machine.device<Ipl::vm>(0, 1,
                                [&](TopHalf<Ipl::vm> const& context) { wait.schedule(context); });
        machine.on(0, [&](MayBlock const& context) { for_thread.wait(context); });
        machine.on(1, [&](MayBlock const& context) {
            blocked.wait(context);
            for_bottom_half.post(context);
            for_thread.post(context);
            for_bottom_half.post(context);
        });
        machine.run();
        EXPECT_EQ(done, 1u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
