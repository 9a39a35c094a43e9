// The serial driver, second: half converted. What the top half touches is under a spin mutex, the
// rest under the system-wide SPL as before.
//
// This is the half to begin with, for the line can then be declared converted: its top half waits
// for nobody's spltty any more, on no CPU. What it may no longer do is wake up: a process that has
// found the ring empty under the mutex, and is about to sleep, is kept together by spltty alone,
// and the top half does not wait for that now. So a continuation wakes, at spltty.
#include "intr/continuation.hpp"
#include "mutex/guarded.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/legacy/legacy.hpp"
#include "tests/drivers/serial.hpp"

namespace pivot::drivers {
namespace {

using ::splx;  // the classic one, which takes what spltty returned

constexpr int kPriority = 25;  // PZERO: whatever it says, it is one kernel's idea of importance

struct SerialPort {
    Uart* uart = nullptr;
    LineId line{0};
    SpinMutex<Ipl::vm> device{"serial device"};
    Guarded<SerialQueue> rx{"serial-half rx"};  // under `device`, like the next two
    Guarded<SerialQueue> tx{"serial-half tx"};
    Guarded<SerialDeviceCounts> counts{"serial-half device counts"};
    Guarded<SerialProcessCounts> process{"serial-half process counts"};  // at spltty
    Continuation tell = Continuation::to<&SerialPort::tell_processes>(Ipl::softserial, *this);

    static void tell_processes(MayBlock const&, SerialPort& sc) {
        int const s = spltty();
        wakeup(&sc.rx);
        wakeup(&sc.tx);
        splx(s);
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
    int const s = spltty();
    u32 taken = 0;
    while ((taken = take_received(context, sc, bytes, count)) == 0) {
        tsleep(&sc.rx, kPriority, "ttyin", 0);
    }
    sc.process.write()->read += taken;
    splx(s);
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
    int const s = spltty();
    for (u32 given = 0;;) {
        given += give_to_send(context, sc, bytes + given, count - given);
        if (given == count) {
            break;
        }
        tsleep(&sc.tx, kPriority, "ttyout", 0);
    }
    splx(s);
}

void flush(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    u8 unread[kSerialRing];
    sc.process.write()->flushed += take_received(context, sc, unread, kSerialRing);
    splx(s);
}

SerialStatistics statistics(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    sc.device.lock(context);
    SerialStatistics const statistics{.device = *sc.counts.read(), .process = *sc.process.read()};
    sc.device.unlock();
    splx(s);
    return statistics;
}

void attach(u32 unit, Uart& uart, LineId line) {
    SerialPort& sc = g_ports[unit];
    sc.uart = &uart;
    sc.line = line;
    require(BoardLines::request<&top_half>(line, "serial-half", sc));
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

constinit SerialDriver const kSerialHalf{.name = "half",
                                         .attach = &attach,
                                         .detach = &detach,
                                         .read = &read,
                                         .write = &write,
                                         .flush = &flush,
                                         .statistics = &statistics};

}  // namespace pivot::drivers
