// The PL011 driver beside a model of its device.
//
// Who: host tests. Lock order: none.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "arch/dev/pl011.hpp"
#include "tests/unit/sim_pl011.hpp"

namespace pivot {

using sim::SimPl011;
using Uart = Pl011<sim::SimPl011Access>;

class Pl011Test : public testing::Test {
  protected:
    static constexpr int kEndless = 100;

    static constexpr Pl011Setup kSetup{.clock_hz = 24'000'000, .baud = 115'200};

    void SetUp() override { EXPECT_EQ(uart_.start(kSetup), BaudError::none); }

    // Runs the top half for as long as the line is asserted; returns how often that was.
    int serve() {
        int times = 0;
        while (device_.line() && times < kEndless) {
            EXPECT_TRUE(uart_.interrupt().mine);
            ++times;
        }
        return times;
    }
    // What has come: a byte as it is, an event before or instead of it as <name>.
    std::string received() {
        std::string text;
        Received next{};
        while (uart_.pop(next)) {
            text += next.has(Received::kLostBefore) ? "<lost>" : "";
            text += next.has(Received::kFraming) ? "<framing>" : "";
            text += next.has(Received::kParity) ? "<parity>" : "";
            text += next.has(Received::kBreak) ? "<break>" : "";
            if (next.is_intact()) {
                text += static_cast<char>(next.byte);
            }
        }
        return text;
    }
    // Until the driver leaves bytes in the hardware.
    void fill_the_ring() {
        while (!uart_.is_held_off()) {
            device_.arrive("abcdefgh");
            ASSERT_LT(serve(), kEndless);
        }
        while (device_.waiting_to_be_read() != 0) {
            (void)device_.read(pl011::kData);
        }
    }
    // Time passes until nothing is left to send.
    void send_all() {
        for (int i = 0; i < 100'000 && !uart_.flushed(); ++i) {
            device_.send(1);
            ASSERT_LT(serve(), kEndless);
        }
    }
    void write_all(std::string const& text) {
        usize done = 0;
        while (done < text.size()) {
            done += uart_.write(text.data() + done, text.size() - done);
            device_.send(1);
        }
    }

    SimPl011 device_;
    Uart uart_{sim::SimPl011Access{&device_}};
};

}  // namespace pivot
