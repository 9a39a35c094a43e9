// The PL011 driver on a model of the device.
#include <algorithm>

#include "tests/unit/pl011_fixture.hpp"

namespace pivot {
namespace {

TEST_F(Pl011Test, SetsTheBaudRateInSixtyFourths) {
    EXPECT_EQ(device_.divisor, 13u);  // 24 MHz / (16 * 115,200) = 13 + 1.3/64
    EXPECT_EQ(device_.fraction, 1u);
}

TEST_F(Pl011Test, IsQuietWhenNothingHappens) {
    EXPECT_FALSE(device_.line());
    EXPECT_FALSE(uart_.interrupt().mine);
}

TEST_F(Pl011Test, KeepsWhatWasTypedBeforeItStarted) {
    SimPl011 device;
    device.arrive('x');  // the FIFOs are off: there is room for one
    Uart uart{sim::SimPl011Access{&device}};
    ASSERT_EQ(uart.start(kSetup), BaudError::none);
    Received next{};
    ASSERT_TRUE(uart.pop(next));
    EXPECT_EQ(next.byte, 'x');
}

TEST_F(Pl011Test, ReceivesAtTheFifosLevel) {
    device_.arrive("1234567");
    EXPECT_FALSE(device_.line());
    device_.arrive('8');
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), "12345678");
}

TEST_F(Pl011Test, ReceivesASingleByteAfterAPause) {
    device_.arrive('a');
    device_.pause();
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), "a");
}

TEST_F(Pl011Test, ServesAnOverrunOnceAndCountsIt) {
    device_.arrive(std::string(SimPl011::kDepth, 'a') + "lost");
    EXPECT_EQ(serve(), 1) << "UARTRIS.OERIS stays until UARTICR: the line is asserted without end";
    EXPECT_FALSE(device_.line());
    EXPECT_EQ(received(), std::string(SimPl011::kDepth, 'a') + "<lost>");
    EXPECT_EQ(uart_.counters().overruns, 1u);
}

TEST_F(Pl011Test, ReceivesOnAfterAnOverrun) {
    device_.arrive(std::string(SimPl011::kDepth + 1, 'a'));
    ASSERT_LT(serve(), kEndless);
    (void)received();
    device_.arrive("next");  // its first byte carries UARTDR.OE and is good
    device_.pause();
    ASSERT_LT(serve(), kEndless);
    EXPECT_EQ(received(), "next");
    EXPECT_EQ(uart_.counters().overruns, 1u);
}

// A byte that comes in the middle of the top half, at each of its register accesses in turn, must
// not be forgotten: it is in the ring, or the line is asserted again for it.
class ByteBetween {
  public:
    ByteBetween(SimPl011& device, int at) : device_(&device), countdown_(at) {}
    [[nodiscard]] u32 read(uptr offset) const {
        tick();
        return device_->read(offset);
    }
    void write(uptr offset, u32 value) const {
        tick();
        device_->write(offset, value);
    }
    void relax() const {}

  private:
    void tick() const {
        if (countdown_ == 0) {
            device_->arrive('!');
            device_->pause();
        }
        --countdown_;
    }
    SimPl011* device_;
    mutable int countdown_;
};

TEST(Pl011, ForgetsNoByteThatComesDuringTheTopHalf) {
    constexpr int kDuringStart = 20;
    for (int at = kDuringStart; at < 60; ++at) {
        SimPl011 device;
        Pl011<ByteBetween> uart{ByteBetween(device, at)};
        ASSERT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 115'200}), BaudError::none);
        std::string text;
        for (int i = 0; i < 12; ++i) {
            device.arrive("12345678");
            device.pause();
            Received next{};
            for (int times = 0; device.line() && times < 10; ++times) {
                (void)uart.interrupt();
            }
            ASSERT_EQ(device.waiting_to_be_read(), 0u) << "at access " << at;
            while (uart.pop(next)) {
                text += static_cast<char>(next.byte);
            }
        }
        EXPECT_EQ(text.size(), 12u * 8 + 1) << "at access " << at;
        EXPECT_NE(text.find('!'), std::string::npos) << "at access " << at;
    }
}

TEST_F(Pl011Test, HoldsReceivingOffWhenTheRingIsFullAndLosesNothing) {
    std::string typed;
    while (typed.size() < Uart::kReceiveRing + SimPl011::kDepth / 2) {
        device_.arrive("abcdefgh");
        typed += "abcdefgh";
        ASSERT_LT(serve(), kEndless);
    }
    EXPECT_TRUE(uart_.is_held_off());
    device_.pause();
    EXPECT_FALSE(device_.line()) << "bytes wait, but interrupts could not help them";
    EXPECT_EQ(device_.waiting_to_be_read(), SimPl011::kDepth / 2);
    EXPECT_EQ(uart_.counters().held_off, 1u);

    std::string got = received();
    uart_.resume();
    EXPECT_FALSE(uart_.is_held_off());
    got += received();
    EXPECT_EQ(got, typed);

    device_.arrive("12345678");
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), "12345678");
}

TEST_F(Pl011Test, CountsWhatTheSenderLosesWhileHeldOff) {
    for (u32 i = 0; i < Uart::kReceiveRing + 2 * SimPl011::kDepth; i += 8) {
        device_.arrive("abcdefgh");
        ASSERT_LT(serve(), kEndless);
    }
    EXPECT_TRUE(uart_.is_held_off());
    EXPECT_GE(uart_.counters().overruns, 1u);
    EXPECT_EQ(received().size(), Uart::kReceiveRing);
    uart_.resume();
    EXPECT_EQ(received(), "abcdefghabcdefgh<lost>");
}

TEST_F(Pl011Test, SendsALongTextByInterrupts) {
    std::string text;
    for (int i = 0; i < 3000; ++i) {
        text += static_cast<char>('a' + i % 26);
    }
    ASSERT_EQ(uart_.write(text.data(), text.size()), text.size());
    EXPECT_NE(device_.mask() & pl011::kTransmit, 0u);
    int interrupts = 0;
    for (int i = 0; i < 4000; ++i) {
        device_.send(1);
        interrupts += serve();
    }
    EXPECT_EQ(device_.sent, text);
    EXPECT_EQ(device_.mask() & pl011::kTransmit, 0u) << "an empty transmitter asks for nothing";
    EXPECT_GT(interrupts, 3000 / 16 / 2);
    EXPECT_LT(interrupts, 3000 / 8);
}

TEST_F(Pl011Test, MovesAtMostOneFifoAtATime) {
    device_.bottomless = true;
    std::string const text(1000, 'x');
    (void)uart_.write(text.data(), text.size());
    EXPECT_EQ(device_.waiting_to_leave(), SimPl011::kDepth);
    device_.send(SimPl011::kDepth);
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(device_.waiting_to_leave(), SimPl011::kDepth);
}

TEST_F(Pl011Test, SendsALineEndAsTwo) {
    write_all("a\nb\n");
    send_all();
    EXPECT_EQ(device_.sent, "a\r\nb\r\n");
}

TEST_F(Pl011Test, TakesAsMuchAsThereIsRoomForAndGoesOnWithoutInterrupts) {
    std::string const text(3 * Uart::kTransmitRing, 'x');
    usize const taken = uart_.write(text.data(), text.size());
    EXPECT_LT(taken, text.size());
    EXPECT_GE(taken, Uart::kTransmitRing - 2);
    write_all(text.substr(taken));
    send_all();
    EXPECT_EQ(device_.sent, text);
}

TEST_F(Pl011Test, PolledTextComesAfterWhatWaits) {
    std::string const first(500, 'a');
    ASSERT_EQ(uart_.write(first.data(), first.size()), first.size());
    uart_.write_polled("panic\n", 6);
    device_.send(100);
    EXPECT_EQ(device_.sent, first + "panic\r\n");
}

TEST_F(Pl011Test, WaitsForAStuckTransmitterOnceAndTriesAgain) {
    device_.stuck = true;
    std::string const text(SimPl011::kDepth + 1, 'x');
    uart_.write_polled(text.data(), text.size());
    EXPECT_EQ(uart_.counters().unsent, 1u);
    u64 const waited = device_.relaxes;
    EXPECT_GT(waited, 100'000u);
    uart_.write_polled("yyy", 3);
    EXPECT_EQ(uart_.counters().unsent, 4u);
    EXPECT_EQ(device_.relaxes, waited) << "a panic's text must not take minutes to be lost";

    device_.stuck = false;
    device_.send(100);
    uart_.write_polled("again", 5);
    device_.send(100);
    EXPECT_EQ(device_.sent, std::string(SimPl011::kDepth, 'x') + "again");
}

TEST_F(Pl011Test, WaitsForRoomAndLosesNothing) {
    std::string text;
    for (u32 i = 0; i < 3 * Uart::kTransmitRing; ++i) {
        text += static_cast<char>('a' + i % 26);
    }
    u32 longest_step = 0;
    uart_.write_all(text.data(), text.size(), [&](auto&& step) {
        usize const before = device_.waiting_to_leave();
        usize const taken = step();
        longest_step = std::max(longest_step, u32(device_.waiting_to_leave() - before));
        return taken;
    });
    uart_.flush_all([](auto&& step) { return step(); });
    EXPECT_EQ(device_.sent, text);
    EXPECT_EQ(uart_.counters().unsent, 0u);
    EXPECT_LE(longest_step, SimPl011::kDepth);
    EXPECT_GT(device_.relaxes, 0u) << "the ring was never full: this tests nothing";
}

TEST_F(Pl011Test, GivesUpWhatAStuckTransmitterDoesNotTake) {
    auto const locked = [](auto&& step) { return step(); };
    device_.stuck = true;
    std::string const text(2 * Uart::kTransmitRing, 'x');
    uart_.write_all(text.data(), text.size(), locked);
    u32 const unsent = uart_.counters().unsent;
    EXPECT_GE(unsent, Uart::kTransmitRing - SimPl011::kDepth - 2);
    u64 const waited = device_.relaxes;
    uart_.write_all("yyy", 3, locked);
    uart_.flush_all(locked);
    EXPECT_EQ(device_.relaxes, waited) << "having waited once";

    device_.stuck = false;
    uart_.flush_all(locked);
    device_.send(100);
    uart_.write_all("again", 5, locked);
    uart_.flush_all(locked);
    EXPECT_EQ(device_.sent.size(), text.size() - unsent + 5);
    EXPECT_TRUE(device_.sent.ends_with("again"));
}

}  // namespace
}  // namespace pivot
