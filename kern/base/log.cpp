#include "kern/base/log.hpp"

namespace pivot {
namespace {

constinit ConsoleWrite g_console = nullptr;
constinit ConsoleWrite g_polled_console = nullptr;

void to_console(void*, const char* text, usize length) {
    if (g_console != nullptr) {
        g_console(text, length);
    }
}

}  // namespace

void set_console(ConsoleWrite write) { g_console = write; }

ConsoleWrite console() { return g_console; }

void set_polled_console(ConsoleWrite write) {
    g_polled_console = write;
    g_console = write;
}

void fall_back_to_polling() {
    if (g_polled_console != nullptr) {
        g_console = g_polled_console;
    }
}

void print_args(const char* pattern, FormatArg const* args, usize count) {
    format(&to_console, nullptr, pattern, args, count);
}

}  // namespace pivot
