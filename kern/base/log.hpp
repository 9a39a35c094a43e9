// Lines for people, to whatever console the board has set.
//
// Who: threads, boot and panic. A top half does not print: it schedules a continuation that does.
// Lock order: none; the console's own.
#pragma once

#include "kern/base/format.hpp"

namespace pivot {

// Takes text, not ended by NUL. It must not block: the SPL may be raised.
using ConsoleWrite = void (*)(const char* text, usize length);

// The console: polled at boot and in a panic, interrupt driven in between (arch/board/console.hpp).
void set_console(ConsoleWrite write);
[[nodiscard]] ConsoleWrite console();

// The console of last resort, which needs neither interrupts nor a lock. Also becomes the console.
void set_polled_console(ConsoleWrite write);
// From here on print() polls. A panic's first step: whoever holds the console's lock will not
// release it.
void fall_back_to_polling();

// What print() becomes. `count`: of the arguments.
void print_args(const char* pattern, FormatArg const* args, usize count);

// Writes the pattern with its arguments, and no end of line.
template <typename... Args>
void print(const char* pattern, Args const&... args) {
    FormatArg const list[sizeof...(Args) + 1] = {FormatArg(args)..., FormatArg(0u)};
    print_args(pattern, list, sizeof...(Args));
}

// Writes one line.
template <typename... Args>
void log(const char* pattern, Args const&... args) {
    print(pattern, args...);
    print("\n");
}

}  // namespace pivot
