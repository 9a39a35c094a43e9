#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "arch/host/sim_cpu.hpp"
#include "kern/base/ring.hpp"

namespace pivot {
namespace {

TEST(ByteRing, IsAFifo) {
    ByteRing<4> ring;
    u8 byte = 0;
    EXPECT_FALSE(ring.pop(byte));
    EXPECT_TRUE(ring.push(1));
    EXPECT_TRUE(ring.push(2));
    EXPECT_TRUE(ring.pop(byte));
    EXPECT_EQ(byte, 1);
    EXPECT_TRUE(ring.pop(byte));
    EXPECT_EQ(byte, 2);
    EXPECT_TRUE(ring.empty());
}

TEST(ByteRing, UsesEverySlotAndRefusesTheNext) {
    ByteRing<4> ring;
    for (u8 i = 0; i < 4; ++i) {
        EXPECT_TRUE(ring.push(i));
    }
    EXPECT_EQ(ring.room(), 0u);
    EXPECT_FALSE(ring.push(4));
    u8 byte = 9;
    EXPECT_TRUE(ring.pop(byte));
    EXPECT_EQ(byte, 0);
    EXPECT_EQ(ring.room(), 1u);
}

TEST(ByteRing, WrapsAround) {
    ByteRing<8> ring;
    u8 byte = 0;
    for (u32 i = 0; i < 1000; ++i) {
        ASSERT_TRUE(ring.push(static_cast<u8>(i)));
        ASSERT_TRUE(ring.push(static_cast<u8>(i + 1)));
        ASSERT_TRUE(ring.pop(byte));
        ASSERT_EQ(byte, static_cast<u8>(i));
        ASSERT_TRUE(ring.pop(byte));
        ASSERT_EQ(byte, static_cast<u8>(i + 1));
    }
}

// Spins, so that the other side is seen in the middle of its operation; gives way now and then, so
// that a host with one CPU gets on.
void wait_a_little(u32& turns) {
    if (++turns % 64 == 0) {
        std::this_thread::yield();
    }
}

TEST(ByteRing, CarriesBytesBetweenTwoThreads) {
    ByteRing<2> ring;  // small: the two sides are always at the same slots
    constexpr u32 kBytes = 300'000;
    std::thread producer([&] {
        u32 turns = 0;
        for (u32 i = 0; i < kBytes; ++i) {
            while (!ring.push(static_cast<u8>(i * 7))) {
                wait_a_little(turns);
            }
        }
    });
    u32 wrong = 0;
    u32 turns = 0;
    for (u32 i = 0; i < kBytes; ++i) {
        u8 byte;
        while (!ring.pop(byte)) {
            wait_a_little(turns);
        }
        wrong += byte != static_cast<u8>(i * 7);
    }
    producer.join();
    EXPECT_EQ(wrong, 0u);
}

#ifdef PIVOT_ACCESS_POINTS
// Lets the other side in at one memory access after the other, as an interrupt would.
template <typename Operation, typename Other>
void at_every_access(Operation&& operation, Other&& other) {
    for (u64 at = 0;; ++at) {
        SCOPED_TRACE("at access " + std::to_string(at));
        sim::SimCpu cpu;
        cpu.masked = false;
        sim::set_cpu(&cpu);
        u64 points = 0;
        operation([&](auto&& step) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == at) {
                    other();
                }
            });
            step();
            points = schedule.points();
        });
        sim::set_cpu(nullptr);
        if (at >= points) {
            EXPECT_GT(points, 3u);
            return;
        }
    }
}

std::string drain(ByteRing<2>& ring) {
    std::string text;
    u8 byte;
    while (ring.pop(byte)) {
        text += static_cast<char>(byte);
    }
    return text;
}

TEST(ByteRing, GivesTheConsumerWholeBytesWheneverItComes) {
    ByteRing<2> ring;
    std::string got;
    at_every_access(
        [&](auto&& watched) {
            ring = {};
            got.clear();
            ASSERT_TRUE(ring.push('a'));
            watched([&] { EXPECT_TRUE(ring.push('b')); });
            EXPECT_EQ(got + drain(ring), "ab");
        },
        [&] { got += drain(ring); });
}

TEST(ByteRing, GivesTheProducerFreeSlotsWheneverItComes) {
    ByteRing<2> ring;
    bool taken = false;
    at_every_access(
        [&](auto&& watched) {
            ring = {};
            taken = false;
            ASSERT_TRUE(ring.push('a') && ring.push('b'));
            u8 byte = 0;
            watched([&] { EXPECT_TRUE(ring.pop(byte)); });
            EXPECT_EQ(byte, 'a');
            EXPECT_EQ(drain(ring), taken ? "bc" : "b");
        },
        [&] { taken = ring.push('c'); });
}
#endif

}  // namespace
}  // namespace pivot
