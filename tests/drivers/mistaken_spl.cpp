// The first serial driver, and two mistakes with it. It is this driver's own text: what a mistake
// touches is the driver's data, and what it is reported against are the driver's places.
#include "tests/drivers/serial_spl.cpp"  // NOLINT(bugprone-suspicious-include)

#include "tests/drivers/mistaken.hpp"

namespace pivot::drivers {
namespace {

[[gnu::noipa]] void flush_without_spl(MayBlock const&, u32 unit) {
    SerialPort& sc = g_ports[unit];
    u8 unread[kSerialRing];
    sc.watch.writes();
    sc.process.flushed += sc.rx.take(unread, kSerialRing);
}

void attach_as_converted(u32 unit, Uart& uart, LineId line) {
    SerialPort& sc = g_ports[unit];
    sc.uart = &uart;
    sc.line = line;
    require(BoardLines::request<&top_half>(line, "serial-spl", sc));
    uart.write(pl011::kMask, kSerialCauses);
    require(BoardLines::enable(line));
}

}  // namespace

constinit SerialDriver const kMistakenForgets{.name = "forgets",
                                              .attach = &attach,
                                              .detach = &detach,
                                              .read = &read,
                                              .write = &write,
                                              .flush = &flush_without_spl,
                                              .statistics = &statistics};
constinit SerialDriver const kMistakenDeclared{.name = "declared",
                                               .attach = &attach_as_converted,
                                               .detach = &detach,
                                               .read = &read,
                                               .write = &write,
                                               .flush = &flush,
                                               .statistics = &statistics};

}  // namespace pivot::drivers
