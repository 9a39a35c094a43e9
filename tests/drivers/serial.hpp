// What the three serial drivers have in common: the device, the statistics, and how a test calls
// them.
//
// Who: as SerialDriver says. Lock order: none of its own.
//
// A driver serves several ports, `unit` says which. It has a receive ring that its top half fills,
// a transmit ring that its top half empties, read() and write() for processes, and a control call
// for the rest. The three differ in nothing but what keeps their data together:
//
//     spl    serial_spl.cpp    system-wide SPL, tsleep and wakeup: as in 1990
//     half   serial_half.cpp   what the top half touches is under a spin mutex, the rest as before
//     mutex  serial_mutex.cpp  a spin mutex, an adaptive mutex, conditions and a continuation
#pragma once

#include "arch/board/board.hpp"
#include "tests/drivers/wired_uart.hpp"

namespace pivot::drivers {

// The model's line: an SPI without a device, made pending and taken back by software.
struct SpareLine {
    u32 intid;
    void set(bool asserted) const {
        if (asserted) {
            Board::Controller::pend(intid);
        } else {
            Board::Controller::unpend(intid);
        }
    }
};
using Uart = WiredUart<SpareLine>;

inline constexpr u32 kSerialRing = 64;     // bytes each way
inline constexpr u32 kSerialUnits = 2;     // ports a driver serves
inline constexpr u32 kSerialLowMark = 16;  // writers go on when no more than so many are left
inline constexpr u32 kSerialCauses =
    pl011::kReceive | pl011::kTimeout | pl011::kTransmit | pl011::kOverrun;

// A ring, as drivers write it: who uses it sees to it that nobody else does.
struct SerialQueue {
    u32 first = 0;
    u32 count = 0;
    u8 byte[kSerialRing] = {};

    // False: it is full.
    bool put(u8 value) {
        if (count == kSerialRing) {
            return false;
        }
        byte[(first + count++) % kSerialRing] = value;
        return true;
    }
    // Takes up to `most`, returns how many there were.
    u32 take(u8* bytes, u32 most) {
        u32 taken = 0;
        for (; taken < most && count != 0; --count) {
            bytes[taken++] = byte[first++ % kSerialRing];
        }
        return taken;
    }
};

// What the top half counts, and what the processes do.
struct SerialDeviceCounts {
    u32 interrupts = 0;
    u32 received = 0;  // into the ring
    u32 sent = 0;      // to the device
    u32 dropped = 0;   // the receive ring was full
    u32 overruns = 0;  // times that the device said it had lost something
};
struct SerialProcessCounts {
    u32 read = 0;     // handed to processes
    u32 flushed = 0;  // thrown away unread
};
struct SerialStatistics {
    SerialDeviceCounts device;
    SerialProcessCounts process;
};

inline void require(LineError error) {
    PIVOT_REQUIRE(error == LineError::none, "a serial port's line", text_of(error));
}

// A driver, as the tests and the benchmark see it. All threads; read and write may be called by
// several at once.
struct SerialDriver {
    const char* name;
    void (*attach)(u32 unit, Uart& uart, LineId line);
    void (*detach)(MayBlock const& context, u32 unit);
    // Waits for a byte at least, returns how many there were.
    u32 (*read)(MayBlock const& context, u32 unit, u8* bytes, u32 count);
    // Waits for room until all are in the ring.
    void (*write)(MayBlock const& context, u32 unit, u8 const* bytes, u32 count);
    // Throws away what is in the receive ring.
    void (*flush)(MayBlock const& context, u32 unit);
    SerialStatistics (*statistics)(MayBlock const& context, u32 unit);
};

extern SerialDriver const kSerialSpl;
extern SerialDriver const kSerialHalf;
extern SerialDriver const kSerialMutex;
inline constexpr SerialDriver const* kSerialDrivers[] = {&kSerialSpl, &kSerialHalf, &kSerialMutex};

}  // namespace pivot::drivers
