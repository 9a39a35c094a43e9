// PL011 UART: its registers by the manual's names.
//
// Who: anyone. Lock order: none; a driver's lock orders the accesses.
// Source: Arm DDI 0183G, 3.3.
#pragma once

#include <concepts>

#include "kern/base/types.hpp"

namespace pivot {

// How a driver reaches the registers: memory on a board (pl011_mmio.hpp), a model in a unit test.
// `relax` is called in every loop that waits for the device.
template <typename A>
concept Pl011Access = requires(A const access, uptr offset, u32 value) {
    { access.read(offset) } -> std::same_as<u32>;
    access.write(offset, value);
    access.relax();
};

namespace pl011 {

//             register             offset      access  section
inline constexpr uptr kData = 0x000;          // RW  3.3.1   UARTDR: a byte, and how it arrived
inline constexpr uptr kFlags = 0x018;         // RO  3.3.3   UARTFR
inline constexpr uptr kDivisor = 0x024;       // RW  3.3.5   UARTIBRD: clock / (16 * baud)
inline constexpr uptr kFraction = 0x028;      // RW  3.3.6   UARTFBRD: its 64ths
inline constexpr uptr kLineControl = 0x02c;   // RW  3.3.7   UARTLCR_H; latches the divisors
inline constexpr uptr kControl = 0x030;       // RW  3.3.8   UARTCR
inline constexpr uptr kFifoLevels = 0x034;    // RW  3.3.9   UARTIFLS
inline constexpr uptr kMask = 0x038;          // RW  3.3.10  UARTIMSC: 1 = let through
inline constexpr uptr kRawStatus = 0x03c;     // RO  3.3.11  UARTRIS
inline constexpr uptr kMaskedStatus = 0x040;  // RO  3.3.12  UARTMIS = UARTRIS & UARTIMSC
inline constexpr uptr kClear = 0x044;         // WO  3.3.13  UARTICR: write 1 to clear

// UARTDR, beside the byte
inline constexpr u32 kFramingError = 1u << 8;
inline constexpr u32 kParityError = 1u << 9;
inline constexpr u32 kBreakError = 1u << 10;
inline constexpr u32 kOverrunError = 1u << 11;  // a byte before or after this one was lost
inline constexpr u32 kDamaged = kFramingError | kParityError | kBreakError;

// UARTFR
inline constexpr u32 kBusy = 1u << 3;
inline constexpr u32 kReceiveEmpty = 1u << 4;
inline constexpr u32 kTransmitFull = 1u << 5;

// UARTLCR_H
inline constexpr u32 kFifosOn = 1u << 4;
inline constexpr u32 kEightBits = 3u << 5;

// UARTCR
inline constexpr u32 kUartOn = 1u << 0;
inline constexpr u32 kTransmitOn = 1u << 8;
inline constexpr u32 kReceiveOn = 1u << 9;
inline constexpr u32 kRtsByFifo = 1u << 14;  // nUARTRTS is taken back at the receive FIFO's level
inline constexpr u32 kSendOnCts = 1u << 15;  // nothing is sent while nUARTCTS is not asserted

// UARTIFLS: transmit when one eighth is left, receive when half is full
inline constexpr u32 kTransmitEighth = 0u << 0;
inline constexpr u32 kReceiveHalf = 2u << 3;

// UARTIMSC, UARTRIS, UARTMIS, UARTICR
inline constexpr u32 kReceive = 1u << 4;   // the receive FIFO has reached its level
inline constexpr u32 kTransmit = 1u << 5;  // the transmit FIFO has fallen to its level
inline constexpr u32 kTimeout = 1u << 6;   // it is not empty, and nothing has come for 32 bit times
inline constexpr u32 kFraming = 1u << 7;
inline constexpr u32 kParity = 1u << 8;
inline constexpr u32 kBreak = 1u << 9;
inline constexpr u32 kOverrun = 1u << 10;
inline constexpr u32 kAllInterrupts = 0x7ff;

// The FIFO depth that every revision has at least (r1p5: 32).
inline constexpr u32 kFifoDepth = 16;

}  // namespace pl011
}  // namespace pivot
