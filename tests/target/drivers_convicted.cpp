// The guard checker against the mistakes that are made when a driver is converted
// (tests/drivers/mistaken.hpp), one a run, on several CPUs. No race has to happen, and none does:
// each call is made once, one after the other, and every byte arrives. The checker convicts all the
// same, with both places. The arguments `spl`, `half` and `mutex` make the same calls of the driver
// without the mistake.
#include "kern/main.hpp"
#include "mutex/guard_report.hpp"
#include "tests/drivers/mistaken.hpp"
#include "tests/drivers/wire.hpp"
#include "tests/target/command.hpp"
#include "tests/target/on_cpu.hpp"

PIVOT_STACK(reader_stack, 8192);

namespace pivot {
namespace {

using namespace test;
using namespace drivers;

constexpr LineId kLine = Board::kSpareLines[0];
constexpr u32 kUnit = 0;
constexpr u32 kBytes = 12;  // the device has room for them

constinit Uart g_uart{SpareLine{kLine.intid()}};
constinit Wire g_wire{g_uart};
constinit Thread g_reader{"reader"};
constinit SerialDriver const* g_driver = nullptr;

void read_some(MayBlock const& context, u32& taken) {
    u8 bytes[4];
    taken = g_driver->read(context, kUnit, bytes, sizeof(bytes));
}

// The line and a reader on CPU 1, the wire and who flushes on CPU 0.
void make_calls(MayBlock const& context, SerialDriver const& driver) {
    static constinit u32 taken = 0;
    g_driver = &driver;
    driver.attach(kUnit, g_uart, kLine);
    CHECK(BoardLines::move_to(context, kLine, 1) == LineError::none);
    CHECK(g_reader.start_on<&read_some>(cpu_of(1), reader_stack, 6, taken) == ThreadError::none);
    g_wire.send(kBytes);
    CHECK(g_reader.join(context) == ThreadError::none);
    CHECK(taken != 0);
    g_wire.send(kBytes);  // again: what the first to come does alone is not held against it
    wait_until([&] { return g_uart.received() == 0; }, "bytes in the ring");
    CHECK_EQUAL(driver.statistics(context, kUnit).device.received, 2 * kBytes);
    driver.flush(context, kUnit);
    SerialStatistics const all = driver.statistics(context, kUnit);
    CHECK_EQUAL(all.process.read + all.process.flushed, 2 * kBytes);
    driver.detach(context, kUnit);
}

constexpr SerialDriver const* kAll[] = {&kSerialSpl,       &kSerialHalf,       &kSerialMutex,
                                        &kMistakenForgets, &kMistakenDeclared, &kMistakenMixed};

}  // namespace

void image_main(MayBlock const& context) {
    CommandLine const words;
    for (SerialDriver const* const driver : kAll) {
        if (words.has(driver->name)) {
            make_calls(context, *driver);
            log("{} driver: {} clashes", driver->name, GuardReport::count());
            passed("nothing to convict");
            return;
        }
    }
    fail(__FILE_NAME__, __LINE__, "no such driver");
}

}  // namespace pivot
