// A panic while the console's ring is full: what was printed before it comes out first.
#include "arch/board/console.hpp"
#include "kern/base/assert.hpp"
#include "kern/main.hpp"
#include "spl/spl.hpp"
#include "tests/target/console_lines.hpp"

namespace pivot {

void image_main(MayBlock const& context) {
    start_console(context,
                  {.wants = [] { return false; }, .take = [](MayBlock const&, Received const&) {}});
    SplGuard const hold(Ipl::high);
    test::lines.print_from("SPL high, then a panic");
    panic("the ring was full", "console_panic.cpp");
}

}  // namespace pivot
