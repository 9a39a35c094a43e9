// print() from everywhere that it is allowed; the last text has only flush_console to get it out.
// console_print.py looks for every line, in order, and nothing else.
#include "arch/board/console.hpp"
#include "arch/contract/cpu.hpp"
#include "intr/continuation.hpp"
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/console_lines.hpp"

namespace pivot {
namespace {

using test::lines;

void in_bottom_half(MayBlock const&, test::Lines& text) { text.print_from("a bottom half"); }

constinit Continuation g_bottom_half = Continuation::to<&in_bottom_half>(Ipl::softserial, lines);
constinit SpinMutex<Ipl::vm> g_mutex{"test"};

}  // namespace

void image_main(MayBlock const& context) {
    lines.print_from("a polled console");
    start_console(context,
                  {.wants = [] { return false; }, .take = [](MayBlock const&, Received const&) {}});
    lines.print_from("a thread");
    g_bottom_half.schedule(context);
    {
        SplGuard const hold(Ipl::vm);
        lines.print_from("SPL vm");
    }
    {
        SpinGuard const hold(g_mutex, context);
        lines.print_from("under a spin mutex");
    }
    SplGuard const hold(Ipl::high);
    lines.print_from("SPL high");
    flush_console(context);
    machine_exit(0);
}

}  // namespace pivot
