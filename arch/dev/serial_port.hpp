// A serial port: a PL011, its line, its lock, its reader and its black box.
//
//     wire -> FIFO -> top half -> ring -> softserial bottom half -> reader
//
// Who: as each function says. Lock order: the port's lock is a spin mutex at vm, taken last:
// nothing is taken while it is held.
//
// The top half empties the FIFO and schedules; it never waits for anything but its own lock, which
// is held for a FIFO's worth of work at most. What the reader may wait for (a line discipline's
// mutex, a full queue) it waits for in the bottom half; meanwhile the top half goes on filling the
// ring, and when that is full, flow control is the sender's. docs/received-byte.md walks a byte
// along this path and counts; docs/serial.md is about errors, flow control and the black box.
#pragma once

#include "arch/dev/pl011.hpp"
#include "intr/black_box.hpp"
#include "intr/continuation.hpp"
#include "intr/line.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

// Whom the bytes go to, one at a time, in the softserial bottom half.
struct SerialReader {
    // False: it wants none now. They wait, in the end at their sender's, until SerialPort::wanted.
    bool (*wants)();
    void (*take)(MayBlock const& context, Received const& next);
};

template <Pl011Access Access, typename Mutex = SpinMutex<Ipl::vm>>
class SerialPort {
  public:
    // `name`: of the line, in lists and reports.
    constexpr SerialPort(const char* name, const char* lock_name, Access access)
        : name_(name), uart_(access), lock_(lock_name), box_(name, Ipl::vm) {}
    SerialPort(SerialPort const&) = delete;
    SerialPort& operator=(SerialPort const&) = delete;

    // Requests the line of the controller that `L` (intr/line.hpp) stands for. Threads; once, with
    // interrupts on. Nothing has been done if it returns an error.
    template <typename L>
    BaudError start(MayBlock const& context, LineId line, Pl011Setup const& setup,
                    SerialReader reader) {
        reader_ = reader;
        LineError const error =
            L::template request<&SerialPort::top_half>(line, name_, *this);
        PIVOT_REQUIRE(error == LineError::none, "a serial port's line cannot be had",
                      text_of(error));
        BaudError const rate = [&] {
            SpinGuard const hold(lock_, context);
            return uart_.start(setup);
        }();
        if (rate != BaudError::none) {
            (void)L::release(line);
            return rate;
        }
        (void)L::enable(line);
        return BaudError::none;
    }

    // The reader wants bytes again. Threads; those that wait are delivered before it returns.
    void wanted(MayBlock const& context) { received_.schedule(context); }

    // The driver itself: what needs the lock is called with `lock` held.
    [[nodiscard]] Pl011<Access>& uart() { return uart_; }
    [[nodiscard]] Mutex& lock() { return lock_; }
    [[nodiscard]] BlackBox& black_box() { return box_; }

  private:
    static Served top_half(TopHalf<Ipl::vm> const& context, SerialPort& port) {
        u64 const begun = counter();
        SpinGuard<Ipl::vm> const hold(port.lock_, context);
        u64 const waited = counter() - begun;
        Pl011Work const work = port.uart_.interrupt();
        if (work.overrun) [[unlikely]] {
            port.box_.record(context, port.lock_.name(), waited);
            port.report_.schedule(context);
        }
        port.box_.served(context);
        if (work.received) {
            port.received_.schedule(context);
        }
        return work.mine ? Served::yes : Served::no;
    }

    // The bottom half: hands on what the ring holds, then what had to wait in the UART.
    static void deliver(MayBlock const& context, SerialPort& port) {
        while (port.reader_.wants()) {
            Received next;
            if (port.uart_.pop(next)) {
                port.reader_.take(context, next);
            } else if (port.uart_.is_held_off()) {
                SpinGuard<Ipl::vm> const hold(port.lock_, context);
                port.uart_.resume();
            } else {
                return;
            }
        }
    }

    // At softclock: after the bytes, and before any thread.
    static void report(MayBlock const& context, SerialPort& port) { port.box_.report(context); }

    const char* name_;
    Pl011<Access> uart_;
    Mutex lock_;
    SerialReader reader_{};
    BlackBox box_;
    Continuation received_ = Continuation::to<&SerialPort::deliver>(Ipl::softserial, *this);
    Continuation report_ = Continuation::to<&SerialPort::report>(Ipl::softclock, *this);
};

}  // namespace pivot
