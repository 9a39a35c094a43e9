// What a PL011 hands on beside bytes: where some were lost, which arrived damaged, a break; flow
// control; and which baud rates there are.
#include <cmath>

#include "tests/unit/pl011_fixture.hpp"

namespace pivot {
namespace {

// The mark stands where the bytes are missing, once, whichever of its two signs comes first.
TEST_F(Pl011Test, MarksALossBehindWhatCameBeforeIt) {
    std::string const full(SimPl011::kDepth, 'a');
    device_.arrive(full + "lost");
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), full + "<lost>");
    device_.arrive("next");  // 'n' carries UARTDR.OE: no news
    device_.pause();
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), "next");
}

TEST_F(Pl011Test, MarksALossBeforeTheByteThatCameNext) {
    std::string const full(SimPl011::kDepth, 'a');
    device_.arrive(full + "lost");
    (void)device_.read(pl011::kData);  // there is room again before the top half comes
    device_.arrive('n');
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), full.substr(1) + "<lost>n");
}

TEST_F(Pl011Test, MarksTwoLossesWithABlockBetweenThem) {
    std::string const full(SimPl011::kDepth, 'a');
    device_.arrive(full + "lost");
    ASSERT_LT(serve(), kEndless);
    device_.arrive(full + "lost");
    ASSERT_LT(serve(), kEndless);
    device_.arrive("z");
    device_.pause();
    ASSERT_LT(serve(), kEndless);
    EXPECT_EQ(received(), full + "<lost>" + full + "<lost>z");
    EXPECT_EQ(uart_.counters().overruns, 2u);
}

TEST_F(Pl011Test, MarksOnceWhatTheBottomHalfMetBeforeTheTopHalf) {
    fill_the_ring();
    device_.arrive(std::string(SimPl011::kDepth, 'a').append("lost"));
    (void)device_.read(pl011::kData);
    device_.arrive('n');
    (void)received();
    uart_.resume();  // reads the marked byte; UARTRIS.OERIS still stands
    EXPECT_TRUE(received().ends_with("a<lost>n"));
    ASSERT_LT(serve(), kEndless);
    EXPECT_EQ(received(), "") << "the same loss a second time";
    EXPECT_EQ(uart_.counters().overruns, 1u);
}

TEST_F(Pl011Test, SaysWhetherItLostBytes) {
    device_.arrive(std::string(SimPl011::kDepth, 'a'));
    EXPECT_FALSE(uart_.interrupt().overrun);
    device_.arrive(std::string(SimPl011::kDepth + 1, 'a'));
    EXPECT_TRUE(uart_.interrupt().overrun);
    device_.arrive(std::string(SimPl011::kDepth, 'a'));
    EXPECT_FALSE(uart_.interrupt().overrun);
}

// A sender that heeds RTS loses nothing, however long nobody reads.
TEST_F(Pl011Test, HoldsTheSenderBackByRts) {
    Pl011Setup setup = kSetup;
    setup.flow_control = true;
    ASSERT_EQ(uart_.start(setup), BaudError::none);
    ASSERT_TRUE(device_.rts());
    std::string sent;
    std::string got;
    for (u32 i = 0; i < 3 * Uart::kReceiveRing;) {
        if (device_.rts()) {
            sent += static_cast<char>('a' + i % 26);
            device_.arrive(static_cast<u8>(sent.back()));
            ++i;
            ASSERT_LT(serve(), kEndless);
        } else {
            got += received();
            uart_.resume();
        }
    }
    device_.pause();
    ASSERT_LT(serve(), kEndless);
    EXPECT_EQ(got + received(), sent);
    EXPECT_EQ(uart_.counters().overruns, 0u);
    EXPECT_GE(uart_.counters().held_off, 2u) << "the ring was never full: this tests nothing";
}

TEST_F(Pl011Test, SendsNothingWithoutCts) {
    Pl011Setup setup = kSetup;
    setup.flow_control = true;
    ASSERT_EQ(uart_.start(setup), BaudError::none);
    device_.cts = false;
    (void)uart_.write("abc", 3);
    device_.send(10);
    EXPECT_EQ(device_.sent, "");
    device_.cts = true;
    device_.send(10);
    EXPECT_EQ(device_.sent, "abc");
}

TEST_F(Pl011Test, WithoutFlowControlLeavesTheWiresAlone) {
    EXPECT_FALSE(device_.rts());
    device_.cts = false;
    (void)uart_.write("abc", 3);
    device_.send(10);
    EXPECT_EQ(device_.sent, "abc");
}

TEST_F(Pl011Test, RefusesARateThatItsClockCannotMake) {
    SimPl011 device;
    Uart uart{sim::SimPl011Access{&device}};
    EXPECT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 1'500'001}), BaudError::too_fast);
    EXPECT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 22}), BaudError::too_slow);
    EXPECT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 0}), BaudError::too_slow);
    EXPECT_EQ(device.mask(), 0u) << "and has done nothing";
    EXPECT_EQ(device.divisor, 0u);
    EXPECT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 1'500'000}), BaudError::none);
    EXPECT_EQ(device.divisor, 1u);
    EXPECT_EQ(device.fraction, 0u);
    EXPECT_EQ(uart.start({.clock_hz = 24'000'000, .baud = 23}), BaudError::none);
    EXPECT_LE(device.divisor, 0xffffu);
}

// From the slowest rate to the fastest, of clocks that boards have.
TEST(Pl011Divisor, IsWithinHalfA64thOfTheRate) {
    for (u32 const clock : {3'000'000u, 24'000'000u, 48'000'000u, 150'000'000u}) {
        for (u32 baud = clock / 16 / 65535 + 1; baud <= clock / 16; baud += baud / 100 + 1) {
            Pl011Divisor const divisor(clock, baud);
            ASSERT_EQ(divisor.error(), BaudError::none) << clock << " " << baud;
            double const in_64ths = divisor.whole() * 64.0 + divisor.fraction();
            double const made = clock * 4.0 / in_64ths;
            ASSERT_LE(std::abs(made - baud) / baud, 0.5 / 64 / divisor.whole() * 1.01)
                << clock << " " << baud;
        }
    }
}

TEST_F(Pl011Test, CountsAndHandsOnWhatArrivedDamaged) {
    device_.arrive('f', pl011::kFramingError);
    device_.arrive('p', pl011::kParityError);
    device_.arrive(0, pl011::kBreakError | pl011::kFramingError);
    device_.arrive('g');
    device_.pause();
    EXPECT_EQ(serve(), 1);
    EXPECT_EQ(received(), "<framing><parity><break>g");
    EXPECT_EQ(uart_.counters().framing, 1u);
    EXPECT_EQ(uart_.counters().parity, 1u);
    EXPECT_EQ(uart_.counters().breaks, 1u);
}

}  // namespace
}  // namespace pivot
