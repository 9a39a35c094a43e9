// The receiver that the argument is measured with: what it holds, loses and asserts, to the tick.
#include "tests/bench/modelled_uart.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace pivot {
namespace {

// A clock that the test sets, at a gigahertz, and a line that says when it will be asserted.
struct ByHand {
    static inline u64 time = 0;
    static inline u64 line = 0;
    static inline bool never = false;
    static u64 now() { return time; }
    static u64 hz() { return 1'000'000'000; }
    static void line_at(u64 ticks) {
        line = ticks;
        never = false;
    }
    static void line_never() { never = true; }
};
using Uart = bench::ModelledUart<ByHand>;

constexpr u64 kBegin = 5'000;
constexpr u32 kMegabaud = 1'000'000;  // a byte is 10,000 ticks
constexpr u64 kByte = 10'000;

u64 arrival(u64 byte) { return kBegin + (byte + 1) * kByte; }

Uart started(bench::Stream const& stream) {
    ByHand::time = 0;
    Uart uart;
    uart.start(stream, kBegin);
    return uart;
}

u32 level_at(Uart& uart, u64 time) {
    ByHand::time = time;
    return uart.level();
}

TEST(ModelledUart, AByteIsThereFromItsTickOn) {
    Uart uart = started({.baud = kMegabaud, .depth = 16, .bytes = 3});
    EXPECT_EQ(level_at(uart, arrival(0) - 1), 0u);
    EXPECT_EQ(level_at(uart, arrival(0)), 1u);
    EXPECT_EQ(level_at(uart, arrival(1) - 1), 1u);
    EXPECT_EQ(level_at(uart, arrival(2)), 3u);
    EXPECT_EQ(level_at(uart, arrival(2) + 100 * kByte), 3u) << "the stream has three bytes";
}

TEST(ModelledUart, BytesComeInOrder) {
    Uart uart = started({.baud = kMegabaud, .depth = 4, .bytes = 300});
    for (u32 i = 0; i < 300; ++i) {
        ASSERT_EQ(level_at(uart, arrival(i)), 1u);
        ASSERT_EQ(uart.read(), static_cast<u8>(i));
    }
    EXPECT_EQ(uart.lost(), 0u);
}

TEST(ModelledUart, AFullFifoLosesTheNewcomersAndKeepsWhatItHas) {
    Uart uart = started({.baud = kMegabaud, .depth = 4, .bytes = 10});
    EXPECT_EQ(level_at(uart, arrival(5)), 4u);  // 0 to 3; 4 and 5 are lost
    EXPECT_EQ(uart.lost(), 2u);
    std::vector<u8> read;
    while (level_at(uart, arrival(5)) != 0) {
        read.push_back(uart.read());
    }
    EXPECT_EQ(level_at(uart, arrival(6)), 1u);
    read.push_back(uart.read());
    EXPECT_EQ(read, (std::vector<u8>{0, 1, 2, 3, 6}));
    EXPECT_EQ(level_at(uart, arrival(99)), 3u);
    EXPECT_EQ(uart.lost(), 2u);
}

TEST(ModelledUart, AHoldingRegisterKeepsTheFirst) {
    Uart uart = started({.baud = kMegabaud, .depth = 1, .bytes = 5});
    EXPECT_EQ(level_at(uart, arrival(4)), 1u);
    EXPECT_EQ(uart.read(), 0);
    EXPECT_EQ(uart.lost(), 4u);
}

TEST(ModelledUart, ItMakesNoDifferenceHowOftenItIsLookedAt) {
    bench::Stream const stream{.baud = 921'600, .depth = 16, .bytes = 1000};
    Uart once = started(stream);
    Uart often = started(stream);
    for (u64 time = 0; time < 1001 * 10'851; time += 97) {
        (void)level_at(often, time);
    }
    EXPECT_EQ(level_at(once, 1001 * 10'851), often.level());
    EXPECT_EQ(once.lost(), often.lost());
    EXPECT_EQ(once.lost(), 1000u - 16u);
}

// Byte times that are no whole number of ticks do not drift.
TEST(ModelledUart, ABaudRateIsKeptToTheTickOverALongStream) {
    constexpr u64 kBaud = 115'200;
    constexpr u32 kBytes = 100'000;
    Uart uart = started({.baud = kBaud, .depth = 1, .bytes = kBytes});
    for (u64 i = 0; i < kBytes; i += 997) {
        u64 const due = kBegin + (i + 1) * 10'000'000'000 / kBaud;
        u32 held = level_at(uart, due - 2);
        ASSERT_EQ(uart.lost() + held, i);
        held = level_at(uart, due + 1);
        ASSERT_EQ(uart.lost() + held, i + 1);
    }
}

TEST(ModelledUart, TheLineFollowsTheTriggerLevel) {
    Uart uart = started({.baud = kMegabaud, .depth = 16, .bytes = 100});
    EXPECT_EQ(ByHand::line, arrival(7)) << "half of 16";
    EXPECT_EQ(level_at(uart, arrival(8) + 1), 9u);
    for (int i = 0; i < 9; ++i) {
        (void)uart.read();
    }
    uart.settle_line();
    EXPECT_EQ(ByHand::line, arrival(16)) << "eight more";
    EXPECT_EQ(uart.asserted_at(), arrival(16));
}

TEST(ModelledUart, TheLineStaysAssertedAboveTheTriggerLevel) {
    Uart uart = started({.baud = kMegabaud, .depth = 16, .bytes = 100});
    (void)level_at(uart, arrival(11));
    (void)uart.read();
    uart.settle_line();
    EXPECT_LE(ByHand::line, ByHand::time);
}

TEST(ModelledUart, TheRestOfAStreamIsAnnouncedByTheTimeout) {
    Uart uart = started({.baud = kMegabaud, .depth = 16, .bytes = 10});
    (void)level_at(uart, arrival(7));
    for (int i = 0; i < 8; ++i) {
        (void)uart.read();
    }
    uart.settle_line();
    EXPECT_EQ(ByHand::line, arrival(9) + 32'000) << "32 bit times after the last of two";
    (void)level_at(uart, arrival(9) + 32'000);
    (void)uart.read();
    (void)uart.read();
    uart.settle_line();
    EXPECT_TRUE(ByHand::never);
}

}  // namespace
}  // namespace pivot
