// The second serial driver, and a place in it that has not been converted along with the rest.
#include "tests/drivers/serial_half.cpp"  // NOLINT(bugprone-suspicious-include)

#include "tests/drivers/mistaken.hpp"

namespace pivot::drivers {
namespace {

[[gnu::noipa]] void flush_at_spl(MayBlock const&, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    u8 unread[kSerialRing];
    sc.process.write()->flushed += sc.rx.write()->take(unread, kSerialRing);
    splx(s);
}

}  // namespace

constinit SerialDriver const kMistakenMixed{.name = "mixed",
                                            .attach = &attach,
                                            .detach = &detach,
                                            .read = &read,
                                            .write = &write,
                                            .flush = &flush_at_spl,
                                            .statistics = &statistics};

}  // namespace pivot::drivers
