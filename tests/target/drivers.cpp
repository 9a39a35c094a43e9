// One serial driver, written three times (tests/drivers/serial.hpp): the same is expected of each,
// and an interrupt at every instruction of its calls takes nothing from it.
#include "kern/main.hpp"
#include "tests/drivers/wire.hpp"
#include "tests/target/injector.hpp"

PIVOT_STACK(process_stack, 8192);

namespace pivot {
namespace {

using namespace test;
using namespace drivers;

constexpr LineId kLine = Board::kSpareLines[0];
constexpr u32 kUnit = 0;

constinit Uart g_uart{SpareLine{kLine.intid()}};
constinit Wire g_wire{g_uart};
constinit Reader g_reader{};
constinit u32 g_written = 0;
constinit SerialDriver const* g_driver = nullptr;

constinit Thread g_process{"process"};
constinit u32 g_steps = 0;

u32 read_some(MayBlock const& context, u32 most) {
    u8 bytes[kSerialRing];
    u32 const count = g_driver->read(context, kUnit, bytes, most);
    g_reader.take(bytes, count);
    CHECK_EQUAL(g_reader.out_of_order, 0);
    return count;
}
SerialStatistics statistics(MayBlock const& context) {
    return g_driver->statistics(context, kUnit);
}

// -- what it does

void hands_on_what_comes(MayBlock const& context) {
    g_wire.send(20);
    CHECK_EQUAL(read_some(context, 8), 8);
    CHECK_EQUAL(read_some(context, kSerialRing), 12);
    CHECK_EQUAL(statistics(context).device.received, 20);
    CHECK(statistics(context).device.interrupts >= 3);  // twice half a FIFO, and the rest
}

void read_five(MayBlock const& context, u32& steps) {
    for (u32 left = 5; left != 0; ++steps) {
        left -= read_some(context, left);
    }
}

// Outranks us: it reads at once, and waits.
void waits_for_a_byte(MayBlock const& context) {
    g_steps = 0;
    CHECK(g_process.start<&read_five>(process_stack, 20, g_steps) == ThreadError::none);
    for (u32 i = 0; i < 5; ++i) {
        CHECK_EQUAL(g_steps, i);
        g_wire.send(1);
    }
    CHECK_EQUAL(g_steps, 5);
    CHECK(g_process.join(context) == ThreadError::none);
}

void write_many(MayBlock const& context, u32& steps) {
    write_next(context, *g_driver, kUnit, g_written, 200);
    ++steps;
}

void waits_for_room(MayBlock const& context) {
    g_steps = 0;
    u32 const before = g_wire.heard;
    CHECK(g_process.start<&write_many>(process_stack, 20, g_steps) == ThreadError::none);
    CHECK_EQUAL(g_steps, 0);
    while (g_wire.hear()) {
        CHECK(g_steps == 0 || g_wire.heard - before >= 200 - kSerialRing - Uart::kDepth);
    }
    CHECK_EQUAL(g_steps, 1);
    CHECK_EQUAL(g_wire.heard - before, 200);
    CHECK_EQUAL(g_wire.out_of_order, 0);
    CHECK(g_process.join(context) == ThreadError::none);
}

// What does not fit is counted, what is in the ring stays; then it is thrown away.
void drops_what_nobody_reads(MayBlock const& context) {
    SerialStatistics const before = statistics(context);
    g_wire.send(kSerialRing + 24);
    SerialStatistics const full = statistics(context);
    CHECK_EQUAL(full.device.received - before.device.received, kSerialRing);
    CHECK_EQUAL(full.device.dropped - before.device.dropped, 24);
    CHECK_EQUAL(read_some(context, 10), 10);
    g_driver->flush(context, kUnit);
    CHECK_EQUAL(statistics(context).process.flushed - before.process.flushed, kSerialRing - 10);
    g_reader.next = g_wire.sent;
    g_wire.send(1);
    CHECK_EQUAL(read_some(context, 1), 1);
}

void says_that_the_device_lost_some(MayBlock const& context) {
    SerialStatistics const before = statistics(context);
    {
        SplGuard const guard{Ipl::vm};
        g_wire.send(Uart::kDepth + 4);
    }
    CHECK_EQUAL(g_wire.lost, 4);
    CHECK_EQUAL(statistics(context).device.overruns - before.device.overruns, 1);
    CHECK_EQUAL(read_some(context, kSerialRing), Uart::kDepth);
    g_reader.next = g_wire.sent;
    g_wire.lost = 0;
}

// -- injected: a byte arrives at each instruction in turn

void byte_arrives(Here const&) { g_wire.send(1); }

void nothing_missing(MayBlock const& context) {
    while (g_reader.next != g_wire.sent) {
        (void)read_some(context, kSerialRing);
    }
    while (g_wire.hear()) {
    }
    CHECK_EQUAL(g_wire.heard, g_written);
    CHECK_EQUAL(g_wire.out_of_order, 0);
    SerialStatistics const all = statistics(context);
    CHECK_EQUAL(all.device.received, all.process.read + all.process.flushed);
    CHECK_EQUAL(all.device.sent, g_written);
    check_calm();
}

template <typename Operation>
u32 inject(MayBlock const& context, Operation&& operation) {
    return at_every_instruction(operation, [&] { nothing_missing(context); });
}

// A reader that finds nothing goes to sleep; the byte comes at each instruction on its way there,
// and then while it sleeps. If its wake-up were lost, it would sleep for ever: a callout notices.
void sleep_is_over(MayWake const&, u32&) { fail(__FILE_NAME__, __LINE__, "a wake-up was lost"); }
constinit u32 g_nothing = 0;
constinit Callout g_too_long = Callout::to<&sleep_is_over>(g_nothing, "too long");

u32 inject_a_reader_that_sleeps(MayBlock const& context) {
    constexpr u32 kAsleep = 3000;  // longer than it takes to fall asleep
    for (u32 delay = 1; delay < kAsleep; ++delay) {
        g_too_long.arm(context, counter() + 100'000);
        PhysicalTimer::arm(PhysicalTimer::now() + delay);
        CHECK_EQUAL(read_some(context, 4), 1);
        (void)g_too_long.cancel(context);
        nothing_missing(context);
    }
    return kAsleep;
}

void stands_interrupts(MayBlock const& context) {
    start_injector<Ipl::high>();
    injector.at = &byte_arrives;
    u32 const read = inject(context, [&] {
        {
            SplGuard const guard{Ipl::high};  // the wire is the injector's, too
            g_wire.send(1);
        }
        (void)read_some(context, 1);
    });
    u32 const write =
        inject(context, [&] { write_next(context, *g_driver, kUnit, g_written, 20); });
    u32 const others = inject(context, [&] { (void)statistics(context); });
    u32 const asleep = inject_a_reader_that_sleeps(context);
    stop_injector();
    log("{}: a byte at {} instructions of read, {} of write, {} of statistics, {} of falling "
        "asleep",
        g_driver->name, read, write, others, asleep);
}

void check_driver(MayBlock const& context, SerialDriver const& driver) {
    g_driver = &driver;
    g_wire.sent = g_wire.heard = g_wire.lost = 0;
    g_reader = {};
    g_written = 0;
    driver.attach(kUnit, g_uart, kLine);
    hands_on_what_comes(context);
    waits_for_a_byte(context);
    waits_for_room(context);
    drops_what_nobody_reads(context);
    says_that_the_device_lost_some(context);
    nothing_missing(context);
    stands_interrupts(context);
    driver.detach(context, kUnit);
    log("{}: passed", driver.name);
}

}  // namespace

void image_main(MayBlock const& context) {
    for (SerialDriver const* const driver : kSerialDrivers) {
        check_driver(context, *driver);
    }
    passed("drivers");
}

}  // namespace pivot
