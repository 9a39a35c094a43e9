// The three serial drivers together in one kernel on several CPUs: a port each, whose interrupts,
// readers, writers and wire are on different CPUs. And two counters that all of them share, each
// way: one at system-wide SPL, which converted code raises to touch it, and one under a spin mutex,
// which unconverted code takes. Each is touched by a top half, too.
//
// The control (argument `forget`): a thread that touches the first one without an spl must be
// found out by the counter, or the rest proves nothing.
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/system/system_spl.hpp"
#include "tests/drivers/wire.hpp"
#include "tests/target/command.hpp"
#include "tests/target/on_cpu.hpp"

namespace pivot {
namespace {

using namespace test;
using namespace drivers;

constexpr u32 kDrivers = 3;
constexpr u32 kPorts = kDrivers * kSerialUnits;
constexpr u32 kFirstLine = 210;
// Bytes on their way at most: neither the FIFO nor the ring overflows, so none may be missing.
constexpr u32 kOutstanding = Uart::kDepth;

// Two halves that are equal whenever nobody is at it.
struct Counter {
    volatile u64 before = 0;
    volatile u64 after = 0;
    u32 violations = 0;  // atomic

    void change() {
        u64 const seen = before;
        before = seen + 1;
        for (u32 i = 0; i < 4; ++i) {
            cpu_relax();
        }
        if (after != seen) {
            atomic::fetch_add(&violations, 1u);
        }
        after = seen + 1;
    }
};
constinit Counter g_at_spl{};
constinit Counter g_under_mutex{};
constinit SpinMutex<Ipl::vm> g_mutex{"shared counter"};
constinit u64 g_expected_at_spl = 0;  // atomic, like the next
constinit u64 g_expected_under_mutex = 0;

void count_at_spl() {
    {
        SystemSplGuard const guard{Ipl::vm};
        g_at_spl.change();
    }
    atomic::fetch_add(&g_expected_at_spl, u64{1});
}
template <typename Context>
void count_under_mutex(Context const& context) {
    {
        SpinGuard const guard(g_mutex, context);
        g_under_mutex.change();
    }
    atomic::fetch_add(&g_expected_under_mutex, u64{1});
}

// What an unconverted top half touches is safe because its line says that it is one.
void unconverted(TopHalf<Ipl::vm> const&, u32&) {
    g_at_spl.change();
    atomic::fetch_add(&g_expected_at_spl, u64{1});
}
void converted(TopHalf<Ipl::vm> const& context, u32&) { count_under_mutex(context); }
constinit u32 g_nothing = 0;

struct Port {
    Uart uart;
    LineId line;
    Wire wire{uart};
    SerialDriver const* driver = nullptr;
    u32 unit = 0;
    u32 bytes = 0;
    Reader reader{};
    u32 has_read = 0;  // atomic
    u32 written = 0;
    u32 over = 0;  // atomic: of reader and writer
    Thread threads[3]{Thread{"reader"}, Thread{"writer"}, Thread{"wire"}};

    constexpr explicit Port(u32 intid) : uart(SpareLine{intid}), line(intid) {}
};
constinit Port g_ports[kPorts]{Port{kFirstLine},     Port{kFirstLine + 1}, Port{kFirstLine + 2},
                               Port{kFirstLine + 3}, Port{kFirstLine + 4}, Port{kFirstLine + 5}};
constexpr LineId kUnconvertedLine{kFirstLine + kPorts};
constexpr LineId kConvertedLine{kFirstLine + kPorts + 1};
PIVOT_STACKS(g_stacks, kPorts * 3, 8192);

void read_all(MayBlock const& context, Port& port) {
    u8 bytes[8];
    while (port.reader.next != port.bytes) {
        u32 const count = port.driver->read(context, port.unit, bytes, sizeof(bytes));
        port.reader.take(bytes, count);
        atomic::store_release(&port.has_read, port.reader.next);
        count_at_spl();
        count_under_mutex(context);
        CHECK(BoardLines::pend(kUnconvertedLine) == LineError::none);
        CHECK(BoardLines::pend(kConvertedLine) == LineError::none);
    }
    atomic::fetch_add(&port.over, 1u);
}

void write_all(MayBlock const& context, Port& port) {
    while (port.written != port.bytes) {
        u32 const left = port.bytes - port.written;
        write_next(context, *port.driver, port.unit, port.written, left < 30 ? left : 30);
        count_at_spl();
        count_under_mutex(context);
        (void)port.driver->statistics(context, port.unit);
    }
    atomic::fetch_add(&port.over, 1u);
}

// Below all others of its CPU, so that what it has woken runs.
void play_wire(MayBlock const&, Port& port) {
    while (atomic::load_relaxed(&port.over) != 2 || port.wire.heard != port.bytes) {
        if (port.wire.sent != port.bytes &&
            port.wire.sent - atomic::load_acquire(&port.has_read) < kOutstanding) {
            port.wire.send();
        } else {
            port.uart.pause();
        }
        (void)port.wire.hear();
        cpu_relax();
    }
}

void start_port(MayBlock const& context, u32 index, u32 bytes) {
    Port& port = g_ports[index];
    u32 const cpus = cpus_online();
    port.driver = kSerialDrivers[index % kDrivers];
    port.unit = index / kDrivers;
    port.bytes = bytes;
    port.driver->attach(port.unit, port.uart, port.line);
    CHECK(BoardLines::move_to(context, port.line, index % cpus) == LineError::none);
    auto const on = [&](u32 distance) -> PerCpu& { return cpu_of((index + distance) % cpus); };
    CHECK(port.threads[0].start_on<&read_all>(on(1), g_stacks[3 * index], 6, port) ==
          ThreadError::none);
    CHECK(port.threads[1].start_on<&write_all>(on(2), g_stacks[3 * index + 1], 5, port) ==
          ThreadError::none);
    CHECK(port.threads[2].start_on<&play_wire>(on(3), g_stacks[3 * index + 2], 2, port) ==
          ThreadError::none);
    port.threads[2].set_time_slice(context, counter_hz() / 1000);
}

void end_port(MayBlock const& context, Port& port) {
    for (Thread& thread : port.threads) {
        CHECK(thread.join(context) == ThreadError::none);
    }
    SerialStatistics const all = port.driver->statistics(context, port.unit);
    port.driver->detach(context, port.unit);
    log("{5} {}: {} bytes in {} interrupts, {} out", port.driver->name, port.unit,
        all.device.received, all.device.interrupts, all.device.sent);
    CHECK_EQUAL(port.wire.lost + all.device.dropped + all.device.overruns, 0);
    CHECK_EQUAL(port.reader.out_of_order + port.wire.out_of_order, 0);
    CHECK_EQUAL(all.device.received, port.bytes);
    CHECK_EQUAL(all.process.read, port.bytes);
    CHECK_EQUAL(all.device.sent, port.bytes);
}

// The driver that forgets its spl, in one place.
void forget(MayBlock const&, u32& rounds) {
    for (u32 i = 0; i < rounds; ++i) {
        g_at_spl.change();
        atomic::fetch_add(&g_expected_at_spl, u64{1});
        cpu_relax();
    }
}
constinit Thread g_forgetful{"forgetful"};
PIVOT_STACK(forgetful_stack, 8192);

bool is_sound(Counter const& counter, const char* name, u64 expected) {
    log("{}: {} of {} changes, {} violations", name, counter.after, expected,
        atomic::load_relaxed(&counter.violations));
    return counter.after == expected && atomic::load_relaxed(&counter.violations) == 0;
}

}  // namespace

void image_main(MayBlock const& context) {
    CommandLine const words;
    bool const forgets = words.has("forget");
    u32 rounds = 2000;
    CHECK(BoardLines::request_unconverted<&unconverted>(kUnconvertedLine, "unconverted",
                                                        g_nothing) == LineError::none);
    CHECK(BoardLines::request<&converted>(kConvertedLine, "converted", g_nothing) ==
          LineError::none);
    constexpr LineId kLines[] = {kUnconvertedLine, kConvertedLine};
    for (LineId const line : kLines) {
        CHECK(BoardLines::set_trigger(line, Trigger::edge) == LineError::none);
        CHECK(BoardLines::move_to(context, line, line.intid() % cpus_online()) == LineError::none);
        CHECK(BoardLines::enable(line) == LineError::none);
    }
    if (forgets) {
        CHECK(g_forgetful.start_on<&forget>(cpu_of(cpus_online() - 1), forgetful_stack, 5,
                                            rounds) == ThreadError::none);
    }
    for (u32 i = 0; i < kPorts; ++i) {
        start_port(context, i, words.has("short") || forgets ? 300 : 1000);
    }
    for (Port& port : g_ports) {
        end_port(context, port);
    }
    if (forgets) {
        CHECK(g_forgetful.join(context) == ThreadError::none);
    }
    CHECK(BoardLines::release(context, kUnconvertedLine) == LineError::none);
    CHECK(BoardLines::release(context, kConvertedLine) == LineError::none);
    bool const spl = is_sound(g_at_spl, "at system-wide SPL", g_expected_at_spl);
    bool const mutex = is_sound(g_under_mutex, "under the mutex", g_expected_under_mutex);
    CHECK(mutex);
    if (forgets) {
        CHECK(!spl);
        passed("the counter convicts a driver that forgets its spl");
    } else {
        CHECK(spl);
        passed("drivers_smp");
    }
}

}  // namespace pivot
