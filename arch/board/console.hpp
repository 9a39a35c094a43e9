// The board's console.
//
// Who: as each function says. Lock order: the console's lock is a spin mutex at vm, taken last:
// nothing is taken while it is held. A thread or a bottom half may print, whatever its SPL; a
// top half may not (kern/base/log.hpp).
#pragma once

#include "arch/dev/serial_port.hpp"
#include "spl/context.hpp"

namespace pivot {

// Makes print() write to the board's UART by polling. Needs nothing but the MMU. Boot.
void start_polled_console();

// From here on the console is interrupt driven in both directions. Threads; once, with interrupts
// on.
//
// This is the image's choice and not in the boot order (kern/main.cpp): a benchmark's output must
// not interrupt what is being measured.
void start_console(MayBlock const& context, SerialReader reader);

// The reader wants bytes again. Threads; those that wait are delivered before it returns.
void console_wanted(MayBlock const& context);

// Returns when all that was printed has left the machine. Threads.
void flush_console(MayBlock const& context);

// What the UART has lost or had to hold off.
[[nodiscard]] Pl011Counters const& console_counters();

}  // namespace pivot
