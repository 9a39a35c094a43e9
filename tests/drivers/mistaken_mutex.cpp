// The third serial driver, and a place in it that has been left as it was in the second.
#include "tests/drivers/serial_mutex.cpp"  // NOLINT(bugprone-suspicious-include)

#include "spl/legacy/legacy.hpp"
#include "tests/drivers/mistaken.hpp"

namespace pivot::drivers {
namespace {

[[gnu::noipa]] SerialStatistics statistics_at_spl(MayBlock const& context, u32 unit) {
    SerialPort& sc = g_ports[unit];
    int const s = spltty();
    sc.device.lock(context);
    SerialStatistics const statistics{.device = *sc.counts.read(), .process = *sc.process.read()};
    sc.device.unlock();
    ::splx(s);
    return statistics;
}

}  // namespace

constinit SerialDriver const kMistakenLeftOver{.name = "left-over",
                                               .attach = &attach,
                                               .detach = &detach,
                                               .read = &read,
                                               .write = &write,
                                               .flush = &flush,
                                               .statistics = &statistics_at_spl};

}  // namespace pivot::drivers
