// Message queues, pools and event flags of several CPUs, in every order that the explorer finds:
// nothing is lost, nothing is had twice, whoever gives up has not had it.
#include <array>

#include "kern/event_flags.hpp"
#include "kern/message_queue.hpp"
#include "kern/pool.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

u64 soon(u64 ticks) { return counter() + ticks; }

TEST(MessageQueueSmp, NothingIsLostDoubledOrReordered) {
    explore(3, [](SmpMachine& machine) {
        MessageQueue<u32, 1> queue("numbers");
        std::array<u32, 2> last{};
        u32 got = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 i = 1; number != 2 && i <= 3; ++i) {
                queue.send(context, number << 8 | i);
            }
            for (u32 i = 0; number == 2 && i < 6; ++i) {
                u32 message = 0;
                queue.receive(context, message);
                u32& before = last[message >> 8];
                EXPECT_EQ(message & 0xff, before + 1);
                before = message & 0xff;
                ++got;
            }
        });
        machine.run();
        EXPECT_EQ(got, 6u);
        EXPECT_EQ(queue.count(), 0u);
        machine.expect_at_rest();
    });
}

// Senders and receivers that give up, and some that do not wait at all.
TEST(MessageQueueSmp, WhatWasSentIsReceivedOrStillThere) {
    explore(3, [](SmpMachine& machine) {
        MessageQueue<u32, 1> queue("numbers");
        u32 sent = 0, received = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u32 i = 1; i <= 3; ++i) {
                MessageError error;
                if (number == 2) {
                    u32 message = 0;
                    error = queue.receive_until(context, message, soon(80 * i));
                    atomic::fetch_add(&received, error == MessageError::none ? message : 0u);
                } else {
                    u32 const message = number == 0 ? i : 10 * i;
                    error = i == 2 ? queue.try_send(context, message)
                                   : queue.send_until(context, message, soon(50 * i));
                    atomic::fetch_add(&sent, error == MessageError::none ? message : 0u);
                }
            }
        });
        machine.run();
        bool more = true;
        machine.on_cpu(0, [&](MayBlock const& context) {
            while (more) {
                u32 message = 0;
                more = queue.try_receive(context, message) == MessageError::none;
                received += message;
            }
        });
        EXPECT_EQ(sent, received);
        machine.expect_at_rest();
    });
}

TEST(PoolSmp, ABlockHasOneUserAtATime) {
    explore(3, [](SmpMachine& machine) {
        struct Block {
            u32 users;
        };
        Pool<Block, 2> pool("blocks");
        u32 had = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 3; ++round) {
                Block* const block = number == 0 ? pool.allocate(context)
                                     : round == 1
                                         ? pool.try_allocate(context)
                                         : pool.allocate_until(context, soon(100 * number));
                if (block == nullptr) {
                    continue;
                }
                EXPECT_EQ(atomic::fetch_add(&block->users, 1u), 0u);
                atomic::fetch_add(&had, 1u);
                EXPECT_EQ(atomic::fetch_add(&block->users, ~u32{0}), 1u);
                pool.free(context, block);
            }
        });
        machine.run();
        EXPECT_GE(had, 3u);
        EXPECT_EQ(pool.available(), 2u);
        machine.expect_at_rest();
    });
}

TEST(EventFlagsSmp, EachSetIsConsumedOnce) {
    explore(3, [](SmpMachine& machine) {
        EventFlags events("events");
        u64 consumed = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 4; ++round) {
                if (number == 0) {
                    events.set(context, u64{1} << round);
                } else {
                    u64 const got =
                        events.wait_any_until(context, 0xf, soon(70 * number), Consume::yes);
                    EXPECT_EQ(atomic::fetch_or(&consumed, got) & got, 0u) << "consumed twice";
                }
            }
        });
        machine.run();
        EXPECT_EQ(consumed | events.flags(), 0xfu);
        EXPECT_EQ(consumed & events.flags(), 0u);
        machine.expect_at_rest();
    });
}

TEST(EventFlagsSmp, AllOfSeveralCpusFlags) {
    explore(3, [](SmpMachine& machine) {
        EventFlags arrived("arrived");
        u32 met = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            arrived.set(context, u64{1} << number);
            EXPECT_EQ(arrived.wait_all(context, 0b111), 0b111u);
            atomic::fetch_add(&met, 1u);
        });
        machine.run();
        EXPECT_EQ(met, 3u);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
