// A panic in a top half that has interrupted print() under the console's lock: it is printed all
// the same.
#include "arch/board/board.hpp"
#include "arch/board/console.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/base/assert.hpp"
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/console_lines.hpp"

namespace pivot {
namespace {

constexpr u64 kSoon = 5000;  // ticks
constinit int g_nothing = 0;

void top_half(TopHalf<Ipl::high> const&, int&) {
    PhysicalTimer::quiet();
    if (this_cpu().held != nullptr) {
        panic("print was interrupted", this_cpu().held->name());
    }
    PhysicalTimer::arm(PhysicalTimer::now() + kSoon);  // it was between two turns: try again
}

}  // namespace

void image_main(MayBlock const& context) {
    start_console(context,
                  {.wants = [] { return false; }, .take = [](MayBlock const&, Received const&) {}});
    // Several times what the ring holds: some of it is out before the first interruption, however
    // fast that comes.
    test::lines.print_from("a thread");
    (void)BoardLines::request<&top_half>(Board::kPhysicalTimerLine, "interruption", g_nothing);
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    PhysicalTimer::arm(PhysicalTimer::now() + kSoon);
    test::lines.print_from("a thread that panics");
    machine_exit(1);
}

}  // namespace pivot
