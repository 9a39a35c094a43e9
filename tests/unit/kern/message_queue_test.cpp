// MessageQueue: order, full and empty, waiting senders and receivers, deadlines.
#include "kern/message_queue.hpp"

#include <deque>

#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

struct Letter {
    u32 from;
    u64 number;
};

TEST(MessageQueue, FirstInFirstOutRoundAndRound) {
    Machine machine;
    MessageQueue<Letter, 3> queue("letters");
    machine.run([&](MayBlock const& context) {
        u64 sent = 0;
        u64 received = 0;
        for (int round = 0; round < 5; ++round) {
            for (int i = 0; i < 2; ++i) {
                queue.send(context, Letter{7, sent++});
            }
            EXPECT_EQ(queue.count(), 2u);
            for (int i = 0; i < 2; ++i) {
                Letter letter{};
                queue.receive(context, letter);
                EXPECT_EQ(letter.from, 7u);
                EXPECT_EQ(letter.number, received++);
            }
        }
    });
    machine.expect_at_rest();
}

TEST(MessageQueue, FullReturnsAnErrorAndLosesNothing) {
    Machine machine;
    MessageQueue<u32, 2> queue("numbers");
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(queue.try_send(context, 1), MessageError::none);
        EXPECT_EQ(queue.try_send(context, 2), MessageError::none);
        EXPECT_EQ(queue.try_send(context, 3), MessageError::full);
        EXPECT_EQ(queue.count(), 2u);
        u32 number = 0;
        EXPECT_EQ(queue.try_receive(context, number), MessageError::none);
        EXPECT_EQ(number, 1u);
        EXPECT_EQ(queue.try_send(context, 3), MessageError::none);
        EXPECT_EQ(queue.try_receive(context, number), MessageError::none);
        EXPECT_EQ(number, 2u);
        EXPECT_EQ(queue.try_receive(context, number), MessageError::none);
        EXPECT_EQ(number, 3u);
        EXPECT_EQ(queue.try_receive(context, number), MessageError::empty);
        EXPECT_EQ(number, 3u) << "left as it was";
    });
    machine.expect_at_rest();
}

TEST(MessageQueue, ReceiversAreServedByPriorityThenArrival) {
    Machine machine;
    Trace trace;
    MessageQueue<u32, 2> queue("numbers");
    machine.run([&](MayBlock const& context) {
        auto receiver = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                u32 number = 0;
                queue.receive(its_context, number);
                trace.add(name + "=" + std::to_string(number));
            };
        };
        TestThread a("a", 10, receiver("10a"));
        TestThread b("b", 12, receiver("12"));
        TestThread c("c", 10, receiver("10b"));
        queue.send(context, 1);
        EXPECT_EQ(queue.try_send(context, 2), MessageError::none);
        queue.send(context, 3);
        EXPECT_EQ(queue.count(), 0u);
    });
    EXPECT_EQ(trace.text(), "12=1 10a=2 10b=3");
    machine.expect_at_rest();
}

TEST(MessageQueue, SendersPutInByPriorityWhenThereIsRoom) {
    Machine machine;
    MessageQueue<u32, 1> queue("numbers");
    machine.run([&](MayBlock const& context) {
        queue.send(context, 1);
        auto sender = [&](u32 number) {
            return [&, number](MayBlock const& its_context) { queue.send(its_context, number); };
        };
        TestThread a("a", 10, sender(10));
        TestThread b("b", 12, sender(12));
        TestThread c("c", 10, sender(11));
        EXPECT_EQ(b.state(), ThreadState::blocked);
        std::string order;
        for (int i = 0; i < 4; ++i) {
            u32 number = 0;
            EXPECT_EQ(queue.try_receive(context, number), MessageError::none);
            order += std::to_string(number) + " ";
        }
        EXPECT_EQ(order, "1 12 10 11 ");
        EXPECT_EQ(c.state(), ThreadState::exited);
    });
    machine.expect_at_rest();
}

TEST(MessageQueue, WaitsEndAtTheirDeadlines) {
    Machine machine;
    Ticker ticker;
    MessageQueue<u32, 1> queue("numbers");
    machine.run([&](MayBlock const& context) {
        u32 number = 5;
        u64 deadline = counter() + 500;
        EXPECT_EQ(queue.receive_until(context, number, deadline), MessageError::timed_out);
        EXPECT_GE(counter(), deadline);
        EXPECT_EQ(number, 5u);
        deadline = counter() + 500;
        EXPECT_EQ(queue.send_until(context, 6, deadline), MessageError::none);
        EXPECT_EQ(queue.send_until(context, 7, deadline), MessageError::timed_out);
        EXPECT_EQ(queue.receive_until(context, number, deadline), MessageError::none);
        EXPECT_EQ(number, 6u);
        EXPECT_EQ(queue.try_receive(context, number), MessageError::empty)
            << "what timed out was not sent";
    });
    machine.expect_at_rest();
}

TEST(MessageQueue, ATopHalfSendsByAContinuation) {
    Machine machine;
    MessageQueue<u32, 4> queue("bytes");
    u32 byte = 0;
    TestContinuation send(Ipl::softserial, [&](MayBlock const& context) {
        EXPECT_EQ(queue.try_send(context, byte), MessageError::none);
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) {
        byte = 0x41;
        send.schedule(context);
    });
    machine.run([&](MayBlock const&) {
        u32 got = 0;
        TestThread receiver("r", kMainPriority + 1,
                            [&](MayBlock const& context) { queue.receive(context, got); });
        line.fire();
        EXPECT_EQ(got, 0x41u);
    });
    machine.expect_at_rest();
}

// A bottom half sends at every memory access of a receive, until the CPU is idle.
TEST(MessageQueue, NoMessageIsLostAtAnyPointOfReceive) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        MessageQueue<u64, 2> queue("numbers");
        TestContinuation send(Ipl::softnet, [&](MayBlock const& context) {
            EXPECT_EQ(queue.try_send(context, n), MessageError::none);
        });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { send.schedule(context); });
        sim::Timer::arm(1'000'000);  // something to be idle for
        bool idle = false;
        u64 got = ~u64{0};
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    idle = current_thread().priority() == kIdlePriority;
                }
            });
            queue.receive(context, got);
        });
        EXPECT_EQ(got, n);
        EXPECT_EQ(queue.count(), 0u);
        machine.expect_at_rest();
        return !idle;
    });
    EXPECT_GE(points, least_points(10));
}

// Against a queue of the host's.
TEST(MessageQueueProperty, NothingIsLostDoubledOrReordered) {
    for (u64 seed = 0; seed < 50; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        Machine machine;
        MessageQueue<u32, 5> queue("numbers");
        std::deque<u32> model;
        machine.run([&](MayBlock const& context) {
            for (u32 i = 0; i < 200; ++i) {
                if (random() % 2 == 0) {
                    bool const sent = queue.try_send(context, i) == MessageError::none;
                    EXPECT_EQ(sent, model.size() < 5);
                    if (sent) {
                        model.push_back(i);
                    }
                } else {
                    u32 number = 0;
                    bool const got = queue.try_receive(context, number) == MessageError::none;
                    ASSERT_EQ(got, !model.empty());
                    if (got) {
                        EXPECT_EQ(number, model.front());
                        model.pop_front();
                    }
                }
                EXPECT_EQ(queue.count(), model.size());
            }
        });
    }
}

TEST(MessageQueueDeathTest, WhoMayNotWait) {
    Machine machine;
    MessageQueue<u32, 1> queue("numbers");
    SpinMutex<Ipl::vm> mutex("ring");
    machine.run([&](MayBlock const& context) {
        SpinGuard const guard(mutex, context);
        u32 number = 0;
        EXPECT_DEATH(queue.receive(context, number), "sleep while holding a spin mutex .ring");
        EXPECT_DEATH(queue.send(context, 1), "sleep while holding a spin mutex .ring");
    });
}

}  // namespace
}  // namespace pivot
