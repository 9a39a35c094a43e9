// The other end of a modelled UART's wire: sends 0, 1, 2, ... and checks that it hears the same.
//
// Who: one at a time, in any context. Lock order: none.
#pragma once

#include "tests/drivers/serial.hpp"

namespace pivot::drivers {

struct Wire {
    Uart& uart;
    u32 sent = 0;
    u32 lost = 0;
    u32 heard = 0;
    u32 out_of_order = 0;

    // Sends the next byte.
    void send() { lost += uart.receive(static_cast<u8>(sent++)) ? 0 : 1; }
    void send(u32 count) {
        for (; count != 0; --count) {
            send();
        }
        uart.pause();
    }
    // Takes a byte that the driver has sent, if there is one.
    bool hear() {
        u8 byte;
        if (!uart.transmit(byte)) {
            return false;
        }
        out_of_order += byte == static_cast<u8>(heard) ? 0 : 1;
        ++heard;
        return true;
    }
};

// Where a process is in such a sequence.
struct Reader {
    u32 next = 0;
    u32 out_of_order = 0;

    void take(u8 const* bytes, u32 count) {
        for (u32 i = 0; i < count; ++i) {
            out_of_order += bytes[i] == static_cast<u8>(next) ? 0 : 1;
            ++next;
        }
    }
};

// Writes the `count` bytes of the sequence that come next.
inline void write_next(MayBlock const& context, SerialDriver const& driver, u32 unit, u32& next,
                       u32 count) {
    u8 bytes[256];
    for (u32 i = 0; i < count; ++i) {
        bytes[i] = static_cast<u8>(next++);
    }
    driver.write(context, unit, bytes, count);
}

}  // namespace pivot::drivers
