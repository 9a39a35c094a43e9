// The console is one UART, one line, one lock, one ring each way:
//
//     wire -> FIFO -> top half -> ring -> softserial bottom half -> reader -> (a line) -> a thread
//     print() in any thread -> ring -> FIFO -> wire, then top halves refill the FIFO from the ring
//
// print() has no token, and it may be called with the SPL raised or from a bottom half, so it may
// not sleep. If the ring is full it moves bytes into the FIFO itself, a FIFO's worth at a time and
// with the lock free in between: with interrupts let in, top halves help it along; with the line
// held off, it gets there alone. Nothing is lost, unless the transmitter is stuck; then the text
// is, and is counted.
#include "arch/board/console.hpp"

#include "arch/board/board.hpp"
#include "arch/dev/pl011_mmio.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

constexpr u32 kBaud = 115'200;

// A spin mutex that print() can take without a token. What the token would have refused at compile
// time, a print in a top half above vm, is met at run time: taken twice by its CPU, the mutex
// panics.
class PrintMutex : public SpinMutex<Ipl::vm> {
  public:
    using SpinMutex::SpinMutex;
    void lock_without_token() { lock_at(held_at(kLevel)); }
};

class [[nodiscard]] PrintGuard {
  public:
    explicit PrintGuard(PrintMutex& mutex) : mutex_(mutex) { mutex_.lock_without_token(); }
    PrintGuard(PrintGuard const&) = delete;
    PrintGuard& operator=(PrintGuard const&) = delete;
    ~PrintGuard() { mutex_.unlock(); }

  private:
    PrintMutex& mutex_;
};

struct Console;
void deliver(MayBlock const& context, Console& console);

struct Console {
    Pl011<Pl011Mmio> uart{Pl011Mmio{port::Cpu::device_address(Board::kUart)}};
    PrintMutex lock{"console"};
    ConsoleReader reader{};
    Continuation received = Continuation::to<&deliver>(Ipl::softserial, *this);
};

constinit Console g_console{};

Served top_half(TopHalf<Ipl::vm> const& context, Console& console) {
    SpinGuard const hold(console.lock, context);
    Pl011Work const work = console.uart.interrupt();
    if (work.received) {
        console.received.schedule(context);
    }
    return work.mine ? Served::yes : Served::no;
}

// The bottom half: hands on what the ring holds, then what had to wait in the UART.
void deliver(MayBlock const& context, Console& console) {
    while (console.reader.wants()) {
        u8 byte;
        if (console.uart.pop(byte)) {
            console.reader.take(context, byte);
        } else if (console.uart.is_held_off()) {
            SpinGuard const hold(console.lock, context);
            console.uart.resume();
        } else {
            return;
        }
    }
}

// Calls a step of the driver's with the console's lock held.
constexpr auto kLocked = [](auto&& step) {
    PrintGuard const hold(g_console.lock);
    return step();
};

void write(const char* text, usize length) { g_console.uart.write_all(text, length, kLocked); }

}  // namespace

void start_polled_console() {
    set_polled_console(
        [](const char* text, usize length) { g_console.uart.write_polled(text, length); });
}

void start_console(MayBlock const& context, ConsoleReader reader) {
    Console& console = g_console;
    console.reader = reader;
    LineError const error = BoardLines::request<&top_half>(Board::kUartLine, "uart", console);
    PIVOT_REQUIRE(error == LineError::none, "the console's line cannot be had", text_of(error));
    {
        SpinGuard const hold(console.lock, context);
        console.uart.start(Board::kUartClockHz, kBaud);
    }
    (void)BoardLines::enable(Board::kUartLine);
    set_console(&write);
}

void console_wanted(MayBlock const& context) { g_console.received.schedule(context); }

void flush_console(MayBlock const&) { g_console.uart.flush_all(kLocked); }

Pl011Counters const& console_counters() { return g_console.uart.counters(); }

}  // namespace pivot
