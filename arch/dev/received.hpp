// What a UART hands to its reader: a byte, and what happened to it or before it.
//
// Who: the driver's bottom half gives it, the reader takes it. Lock order: none.
//
// An event has its place among the bytes: a reader that must know *where* data is missing (a
// protocol that resynchronises) or that waits for a break (a login that changes its speed) finds it
// there. One that only wants text asks is_intact() and drops the rest.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

struct Received {
    static constexpr u8 kLostBefore = 1u << 0;  // the hardware lost bytes between the last and this
    static constexpr u8 kNoByte = 1u << 1;      // and nothing has come since: `byte` is none
    static constexpr u8 kFraming = 1u << 2;     // no stop bit
    static constexpr u8 kParity = 1u << 3;      // wrong parity
    static constexpr u8 kBreak = 1u << 4;       // the line was held low for a whole byte and more
    static constexpr u8 kDamaged = kNoByte | kFraming | kParity | kBreak;

    u8 byte;
    u8 events;

    [[nodiscard]] bool is_intact() const { return (events & kDamaged) == 0; }
    [[nodiscard]] bool has(u8 event) const { return (events & event) != 0; }
};

}  // namespace pivot
