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
#include "kern/base/log.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

constexpr Pl011Setup kSetup{.clock_hz = Board::kUartClockHz, .baud = 115'200};

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

constinit SerialPort<Pl011Mmio, PrintMutex> g_console{
    .name = "uart",
    .uart = Pl011(Pl011Mmio{port::Cpu::device_address(Board::kUart)}),
    .lock = PrintMutex("console"),
    .black_box{"uart", Ipl::vm}};

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

void start_console(MayBlock const& context, SerialReader reader) {
    static_assert(Pl011Divisor(kSetup.clock_hz, kSetup.baud).error() == BaudError::none);
    (void)g_console.start<BoardLines>(context, Board::kUartLine, kSetup, reader);
    set_console(&write);
}

void console_wanted(MayBlock const& context) { g_console.wanted(context); }

void flush_console(MayBlock const&) { g_console.uart.flush_all(kLocked); }

Pl011Counters const& console_counters() { return g_console.uart.counters(); }

}  // namespace pivot
