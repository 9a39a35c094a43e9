// The serial driver, first: as in 1990. All that keeps it together is the SPL.
//
// Nothing in it knows that there is more than one CPU. Its line is unconverted, so the top half
// comes under the system-wide SPL of its level; and spltty keeps out whoever else is at it, on
// every CPU. Being asleep is being without it: what was true before tsleep is looked at again.
#include "mutex/guarded.hpp"
#include "spl/legacy/legacy.hpp"
#include "tests/drivers/serial.hpp"

namespace pivot::drivers {
namespace {

using ::splx;  // the classic one, which takes what spltty returned

constexpr int kPriority = 25;  // PZERO: whatever it says, it is one kernel's idea of importance

struct SerialPort {
    Uart* uart = nullptr;
    LineId line{0};
    SerialQueue rx{};
    SerialQueue tx{};
    SerialDeviceCounts counts{};
    SerialProcessCounts process{};
    // A struct of C is watched as a whole: says that it is touched, and guards nothing.
    [[no_unique_address]] GuardWatch watch{"serial-spl softc"};
};

constinit SerialPort g_ports[kSerialUnits]{};

// At spltty: fills the transmit FIFO.
void start_sending(SerialPort& sc) {
    u8 byte;
    sc.watch.writes();
    while ((sc.uart->read(pl011::kFlags) & pl011::kTransmitFull) == 0 &&
           sc.tx.take(&byte, 1) != 0) {
        sc.uart->write(pl011::kData, byte);
        ++sc.counts.sent;
    }
}

void top_half(TopHalf<Ipl::vm> const&, SerialPort& sc) {
    u32 const causes = sc.uart->read(pl011::kMaskedStatus);
    sc.uart->write(pl011::kClear, causes);
    sc.watch.writes();
    ++sc.counts.interrupts;
    sc.counts.overruns += (causes & pl011::kOverrun) != 0 ? 1 : 0;
    while ((sc.uart->read(pl011::kFlags) & pl011::kReceiveEmpty) == 0) {
        u8 const byte = static_cast<u8>(sc.uart->read(pl011::kData));
        ++(sc.rx.put(byte) ? sc.counts.received : sc.counts.dropped);
    }
    start_sending(sc);
    if (sc.rx.count != 0) {
        wakeup(&sc.rx);
    }
    if (sc.tx.count <= kSerialLowMark) {
        wakeup(&sc.tx);
    }
}

u32 read(MayBlock const&, u32 unit, u8* bytes, u32 count) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    u32 taken = 0;
    sc.watch.writes();
    while ((taken = sc.rx.take(bytes, count)) == 0) {
        tsleep(&sc.rx, kPriority, "ttyin", 0);
        sc.watch.writes();
    }
    sc.process.read += taken;
    splx(s);
    return taken;
}

void write(MayBlock const&, u32 unit, u8 const* bytes, u32 count) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    for (u32 given = 0;;) {
        sc.watch.writes();
        while (given < count && sc.tx.put(bytes[given])) {
            ++given;
        }
        start_sending(sc);
        if (given == count) {
            break;
        }
        tsleep(&sc.tx, kPriority, "ttyout", 0);
    }
    splx(s);
}

void flush(MayBlock const&, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    u8 unread[kSerialRing];
    sc.watch.writes();
    sc.process.flushed += sc.rx.take(unread, kSerialRing);
    splx(s);
}

SerialStatistics statistics(MayBlock const&, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    sc.watch.reads();
    SerialStatistics const statistics{.device = sc.counts, .process = sc.process};
    splx(s);
    return statistics;
}

void attach(u32 unit, Uart& uart, LineId line) {
    SerialPort& sc = g_ports[unit];
    sc.uart = &uart;
    sc.line = line;
    require(BoardLines::request_unconverted<&top_half>(line, "serial-spl", sc));
    uart.write(pl011::kMask, kSerialCauses);
    require(BoardLines::enable(line));
}

void detach(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    sc.uart->write(pl011::kMask, 0);
    require(BoardLines::release(context, sc.line));
}

}  // namespace

constinit SerialDriver const kSerialSpl{.name = "spl",
                                        .attach = &attach,
                                        .detach = &detach,
                                        .read = &read,
                                        .write = &write,
                                        .flush = &flush,
                                        .statistics = &statistics};

}  // namespace pivot::drivers
