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

// An aggregate, made as
//     {.name = "uart",
//      .uart = Pl011(access), .lock = Mutex("uart"), .black_box{"uart", Ipl::vm}}
// for a constructor in between would keep a continuation from knowing its own address before boot.
template <Pl011Access Access, typename Mutex = SpinMutex<Ipl::vm>>
struct SerialPort {
    const char* name;  // of the line, in lists
    Pl011<Access> uart;
    Mutex lock;
    BlackBox black_box;
    SerialReader reader{};
    Continuation received = Continuation::to<&SerialPort::deliver>(Ipl::softserial, *this);
    Continuation lost = Continuation::to<&SerialPort::report>(Ipl::softclock, *this);

    // Requests the line of the controller that `L` (intr/line.hpp) stands for. Threads; once, with
    // interrupts on. Nothing has been done if it returns an error.
    template <typename L>
    BaudError start(MayBlock const& context, LineId line, Pl011Setup const& setup,
                    SerialReader to) {
        BaudError const rate = Pl011Divisor(setup.clock_hz, setup.baud).error();
        if (rate != BaudError::none) {
            return rate;
        }
        reader = to;
        LineError const error = L::template request<&SerialPort::top_half>(line, name, *this);
        PIVOT_REQUIRE(error == LineError::none, "a serial port's line cannot be had",
                      text_of(error));
        {
            SpinGuard<Ipl::vm> const hold(lock, context);
            (void)uart.start(setup);  // asked above
        }
        (void)L::enable(line);
        return BaudError::none;
    }

    // The reader wants bytes again. Threads; those that wait are delivered before it returns.
    void wanted(MayBlock const& context) { received.schedule(context); }

    static Served top_half(TopHalf<Ipl::vm> const& context, SerialPort& port) {
        u64 const begun = counter();
        SpinGuard<Ipl::vm> const hold(port.lock, context);
        u64 const waited = counter() - begun;
        Pl011Work const work = port.uart.interrupt();
        if (work.overrun) [[unlikely]] {
            port.black_box.record(context, port.lock.name(), waited);
            port.lost.schedule(context);
        }
        port.black_box.served(context);
        if (work.received) {
            port.received.schedule(context);
        }
        return work.mine ? Served::yes : Served::no;
    }

    // The bottom half: hands on what the ring holds, then what had to wait in the UART.
    static void deliver(MayBlock const& context, SerialPort& port) {
        while (port.reader.wants()) {
            Received next;
            if (port.uart.pop(next)) {
                port.reader.take(context, next);
            } else if (port.uart.is_held_off()) {
                SpinGuard<Ipl::vm> const hold(port.lock, context);
                port.uart.resume();
            } else {
                return;
            }
        }
    }

    // At softclock: after the bytes, and before any thread.
    static void report(MayBlock const& context, SerialPort& port) {
        port.black_box.report(context);
    }
};

}  // namespace pivot
