// PL011 UART: the divisor that makes a baud rate from the board's clock.
//
// Who: anyone; a board's constants are best asked at compile time. Lock order: none.
// Source: Arm DDI 0183G, 3.3.5, 3.3.6.
//
// A bit lasts 16 x divisor clocks, and the divisor is a number of 64ths, from 1 to 65535. Any rate
// in between is met to within half a 64th of the divisor, 0.8 % at the very fastest and less the
// slower it is; two ends that differ by 4 % in sum still understand each other (the tenth bit is
// sampled in its middle). So what can be impossible is a rate that is too fast or too slow.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

enum class [[nodiscard]] BaudError : u8{
    none,
    too_fast,  // more than a sixteenth of the clock
    too_slow,  // the divisor has no more than 16 bits
};

[[nodiscard]] constexpr const char* text_of(BaudError error) {
    constexpr const char* kTexts[] = {"none", "too fast for the clock", "too slow for the clock"};
    return kTexts[static_cast<u32>(error)];
}

class Pl011Divisor {
  public:
    constexpr Pl011Divisor(u32 clock_hz, u32 baud)
        : in_64ths_(baud == 0 ? ~u64{0} : (u64{clock_hz} * 4 + baud / 2) / baud),
          is_too_fast_(baud > clock_hz / 16) {}

    [[nodiscard]] constexpr BaudError error() const {
        if (is_too_fast_) {
            return BaudError::too_fast;
        }
        return in_64ths_ > u64{0xffff} * 64 ? BaudError::too_slow : BaudError::none;
    }
    // UARTIBRD and UARTFBRD, if there is no error.
    [[nodiscard]] constexpr u32 whole() const { return static_cast<u32>(in_64ths_ / 64); }
    [[nodiscard]] constexpr u32 fraction() const { return static_cast<u32>(in_64ths_ % 64); }

  private:
    u64 in_64ths_;
    bool is_too_fast_;
};

}  // namespace pivot
