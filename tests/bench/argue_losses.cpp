// How many bytes are lost, while the owner of the driver's lock computes and is preempted.
#include "kern/clock.hpp"
#include "tests/bench/argue_load.hpp"
#include "tests/bench/argue_rows.hpp"

namespace pivot::bench {
namespace {

constinit ArguePort& g_port = argue_port;

constexpr u32 kDepths[] = {1, 16, 32};
// The argument's three, and between them those that make the picture a curve.
struct Rate {
    u32 baud;
    bool only_full;
};
constexpr Rate kRates[] = {{115'200, false},  {230'400, true},   {460'800, true},
                           {921'600, false},  {1'500'000, true}, {2'000'000, true},
                           {3'000'000, true}, {4'000'000, false}};

// Everything that arrived has been read and handed on.
bool is_over(ArguePort const& port) {
    return port.discipline.received + port.device.lost() + port.ring_full == port.device.sent();
}

void wait_until_over(MayBlock const& context, ArguePort const& port) {
    for (u32 tries = 0; !is_over(port); ++tries) {
        PIVOT_REQUIRE(tries < 1000, "bytes are neither received nor lost");
        Clock::sleep_ns(context, 1'000'000);
    }
}

void lose(MayBlock const& context, ArgueModel const& model, Stream const& stream) {
    g_port.discipline = {};
    g_port.ring_full = 0;
    model.open(context, g_port);
    argue_load_begin(g_port);
    u64 const begin = counter() + Clock::ticks_of_ns(1'000'000);
    g_port.device.start(stream, begin);
    Scheduler::sleep_until(context, begin);
    u32 const before = argue_load_rounds();
    Scheduler::sleep_until(context, g_port.device.end());
    u32 const rounds = argue_load_rounds() - before;
    wait_until_over(context, g_port);
    argue_load_end(context);
    model.close(context);
    log("@loss model={} baud={} fifo={} sent={} overrun={} ring_full={} received={} missed={} "
        "rounds={}",
        model.name, stream.baud, stream.depth, stream.bytes, g_port.device.lost(), g_port.ring_full,
        g_port.discipline.received, g_port.discipline.missed, rounds);
}

}  // namespace

void argue_losses(MayBlock const& context, u32 milliseconds, bool full) {
    for (ArgueModel const& model : argue_models()) {
        for (Rate const& rate : kRates) {
            for (u32 const depth : kDepths) {
                if (full || !rate.only_full) {
                    u32 const bytes = rate.baud / kBitsPerByte * milliseconds / 1000;
                    lose(context, model, {.baud = rate.baud, .depth = depth, .bytes = bytes});
                }
            }
        }
    }
}

}  // namespace pivot::bench
