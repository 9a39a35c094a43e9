// The serial driver, third: mutexes and continuations.
//
// `device` guards what the top half touches: rings, registers and their counts. `port` guards what
// processes agree on. A process waits for a condition; the top half, which can wake nobody, has a
// continuation do it, and that takes `port`: so the change and the wake-up cannot both fall between
// a reader's look at the ring and its sleep.
#include "intr/continuation.hpp"
#include "kern/condition.hpp"
#include "mutex/guarded.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/drivers/serial.hpp"

namespace pivot::drivers {
namespace {

struct SerialPort {
    Uart* uart = nullptr;
    LineId line{0};
    SpinMutex<Ipl::vm> device{"serial device"};
    Guarded<SerialQueue> rx{"serial-mutex rx"};  // under `device`, like the next two
    Guarded<SerialQueue> tx{"serial-mutex tx"};
    Guarded<SerialDeviceCounts> counts{"serial-mutex device counts"};
    AdaptiveMutex port{"serial port"};
    Guarded<SerialProcessCounts> process{"serial-mutex process counts"};  // under `port`
    Condition readable{"serial readable"};
    Condition writable{"serial writable"};
    Continuation tell = Continuation::to<&SerialPort::tell_processes>(Ipl::softserial, *this);

    static void tell_processes(MayBlock const& context, SerialPort& sc) {
        AdaptiveGuard const guard(sc.port, context);
        sc.readable.broadcast(context);
        sc.writable.broadcast(context);
    }
};

constinit SerialPort g_ports[kSerialUnits]{};

// Under `device`: fills the transmit FIFO.
void start_sending(SerialPort& sc) {
    sc.tx.write([&](SerialQueue& tx) {
        u8 byte;
        while ((sc.uart->read(pl011::kFlags) & pl011::kTransmitFull) == 0 &&
               tx.take(&byte, 1) != 0) {
            sc.uart->write(pl011::kData, byte);
            ++sc.counts.write()->sent;
        }
    });
}

void top_half(TopHalf<Ipl::vm> const& context, SerialPort& sc) {
    SpinGuard const guard(sc.device, context);
    u32 const causes = sc.uart->read(pl011::kMaskedStatus);
    sc.uart->write(pl011::kClear, causes);
    ++sc.counts.write()->interrupts;
    sc.counts.write()->overruns += (causes & pl011::kOverrun) != 0 ? 1 : 0;
    while ((sc.uart->read(pl011::kFlags) & pl011::kReceiveEmpty) == 0) {
        u8 const byte = static_cast<u8>(sc.uart->read(pl011::kData));
        ++(sc.rx.write()->put(byte) ? sc.counts.write()->received : sc.counts.write()->dropped);
    }
    start_sending(sc);
    if (sc.rx.read()->count != 0 || sc.tx.read()->count <= kSerialLowMark) {
        sc.tell.schedule(context);
    }
}

u32 take_received(MayBlock const& context, SerialPort& sc, u8* bytes, u32 count) {
    SpinGuard const guard(sc.device, context);
    return sc.rx.write()->take(bytes, count);
}

u32 read(MayBlock const& context, u32 unit, u8* bytes, u32 count) {
    SerialPort& sc = g_ports[unit];
    AdaptiveGuard const guard(sc.port, context);
    u32 taken = 0;
    while ((taken = take_received(context, sc, bytes, count)) == 0) {
        sc.readable.wait(context, sc.port);
    }
    sc.process.write()->read += taken;
    return taken;
}

// How many of them the ring had room for.
u32 give_to_send(MayBlock const& context, SerialPort& sc, u8 const* bytes, u32 count) {
    SpinGuard const guard(sc.device, context);
    u32 given = 0;
    sc.tx.write([&](SerialQueue& tx) {
        while (given < count && tx.put(bytes[given])) {
            ++given;
        }
    });
    start_sending(sc);
    return given;
}

void write(MayBlock const& context, u32 unit, u8 const* bytes, u32 count) {
    SerialPort& sc = g_ports[unit];
    AdaptiveGuard const guard(sc.port, context);
    for (u32 given = 0;;) {
        given += give_to_send(context, sc, bytes + given, count - given);
        if (given == count) {
            return;
        }
        sc.writable.wait(context, sc.port);
    }
}

void flush(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    AdaptiveGuard const guard(sc.port, context);
    u8 unread[kSerialRing];
    sc.process.write()->flushed += take_received(context, sc, unread, kSerialRing);
}

SerialStatistics statistics(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    AdaptiveGuard const guard(sc.port, context);
    SpinGuard const hold(sc.device, context);
    return {.device = *sc.counts.read(), .process = *sc.process.read()};
}

void attach(u32 unit, Uart& uart, LineId line) {
    SerialPort& sc = g_ports[unit];
    sc.uart = &uart;
    sc.line = line;
    require(BoardLines::request<&top_half>(line, "serial-mutex", sc));
    uart.write(pl011::kMask, kSerialCauses);
    require(BoardLines::enable(line));
}

void detach(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    sc.uart->write(pl011::kMask, 0);
    require(BoardLines::release(context, sc.line));
    sc.tell.cancel_and_wait(context);
}

}  // namespace

constinit SerialDriver const kSerialMutex{.name = "mutex",
                                          .attach = &attach,
                                          .detach = &detach,
                                          .read = &read,
                                          .write = &write,
                                          .flush = &flush,
                                          .statistics = &statistics};

}  // namespace pivot::drivers
