// What the three serial drivers cost, side by side. Exact mode, release build: a tick is an
// instruction. The modelled device's own instructions are in every figure, and the same for all;
// the line "device" says what they are where nobody but the device is at work.
#include "kern/main.hpp"
#include "tests/bench/samples.hpp"
#include "tests/drivers/wire.hpp"
#include "tests/target/injector.hpp"

PIVOT_STACK(process_stack, 8192);

namespace pivot {
namespace {

using namespace test;
using namespace drivers;

constexpr LineId kLine = Board::kSpareLines[0];
constinit Uart g_uart{SpareLine{kLine.intid()}};
constinit Wire g_wire{g_uart};
constinit bench::Samples g_samples{};
constinit SerialDriver const* g_driver = nullptr;
constinit Thread g_process{"process"};
constinit volatile u64 g_readable = 0;

constexpr u32 kRounds = 100;

u32 median() { return g_samples.spread().median; }

// read() of one byte that is there.
u32 read_of_one(MayBlock const& context) {
    g_samples.clear();
    for (u32 i = 0; i < kRounds; ++i) {
        u8 byte;
        g_wire.send(1);
        u64 const begun = counter();
        (void)g_driver->read(context, 0, &byte, 1);
        g_samples.add(counter() - begun);
    }
    return median();
}

void wait_for_bytes(MayBlock const& context, u32 const& rounds) {
    for (u32 i = 0; i < rounds; ++i) {
        u8 byte;
        (void)g_driver->read(context, 0, &byte, 1);
        g_readable = counter();
    }
}

// The line asks -> a process of higher priority, asleep in read(), has the byte.
u32 irq_to_readable(MayBlock const& context) {
    g_samples.clear();
    static constinit u32 rounds = kRounds;
    CHECK(g_process.start<&wait_for_bytes>(process_stack, 20, rounds) == ThreadError::none);
    for (u32 i = 0; i < kRounds; ++i) {
        g_wire.uart.receive(0);
        u64 const begun = counter();
        g_wire.uart.pause();
        g_samples.add(g_readable - begun);
    }
    CHECK(g_process.join(context) == ThreadError::none);
    return median();
}

// All that is executed for a byte of a stream: half a FIFO an interrupt, read in one call.
u32 each_byte(MayBlock const& context) {
    u8 bytes[kSerialRing];
    u64 const begun = counter();
    for (u32 i = 0; i < kRounds; ++i) {
        for (u32 sent = 0; sent < Uart::kReceiveLevel; ++sent) {
            g_wire.send();
        }
        (void)g_driver->read(context, 0, bytes, Uart::kReceiveLevel);
    }
    return static_cast<u32>((counter() - begun) / (kRounds * Uart::kReceiveLevel));
}

// The same without a driver.
u32 each_byte_of_the_device() {
    u64 const begun = counter();
    for (u32 i = 0; i < kRounds * Uart::kReceiveLevel; ++i) {
        g_wire.send();
        (void)g_uart.read(pl011::kFlags);
        (void)g_uart.read(pl011::kData);
    }
    return static_cast<u32>((counter() - begun) / (kRounds * Uart::kReceiveLevel));
}

// How long another line at vm waits at most, while a process reads 32 bytes or writes 32: it is
// made to ask at each instruction of the call.
struct Other {
    u64 due = 0;
    volatile u64 came = 0;
};
constinit Other g_other{};
void other_top_half(TopHalf<Ipl::vm> const&, Other& other) {
    other.came = counter();
    PhysicalTimer::quiet();
}

template <typename Prepare, typename Operation>
u32 longest_wait(Prepare&& prepare, Operation&& operation) {
    u64 longest = 0;
    for (u32 delay = 20;; ++delay) {
        prepare();
        g_other.came = 0;
        g_other.due = counter() + delay;
        PhysicalTimer::arm(g_other.due);
        operation();
        u64 const over = counter();
        while (g_other.came == 0) {
        }
        u64 const waited = g_other.came - g_other.due;
        if (g_other.due > over) {
            return static_cast<u32>(longest);
        }
        longest = waited > longest ? waited : longest;
    }
}

u32 read_holds_off(MayBlock const& context) {
    u8 bytes[32];
    return longest_wait([] { g_wire.send(32); },
                        [&] { (void)g_driver->read(context, 0, bytes, 32); });
}
u32 write_holds_off(MayBlock const& context) {
    u8 const bytes[32] = {};
    return longest_wait(
        [] {
            while (g_wire.hear()) {
            }
        },
        [&] { g_driver->write(context, 0, bytes, 32); });
}

}  // namespace

void image_main(MayBlock const& context) {
    log("device: {} instructions a byte", each_byte_of_the_device());
    log("driver  irq_to_readable  read_of_one  a_byte  read_holds_off  write_holds_off");
    for (SerialDriver const* const driver : kSerialDrivers) {
        g_driver = driver;
        driver->attach(0, g_uart, kLine);
        u32 const readable = irq_to_readable(context);
        u32 const one = read_of_one(context);
        u32 const byte = each_byte(context);
        CHECK(BoardLines::request<&other_top_half>(Board::kPhysicalTimerLine, "other", g_other) ==
              LineError::none);
        CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
        u32 const reading = read_holds_off(context);
        u32 const writing = write_holds_off(context);
        CHECK(BoardLines::release(Board::kPhysicalTimerLine) == LineError::none);
        driver->detach(context, 0);
        log("{6} {16} {12} {7} {15} {16}", driver->name, readable, one, byte, reading, writing);
    }
    passed("driver_costs");
}

}  // namespace pivot
