// What the operations' files share.
#include "kern/base/log.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_lowest_stack, 8192);

namespace pivot::inject {
namespace {

constinit Thread g_lowest{"lowest"};
constinit Semaphore g_asked{"settle: asked"};
constinit Semaphore g_settled{"settle: settled"};

void answer(MayBlock const& context, Semaphore& asked) {
    for (;;) {
        asked.wait(context);
        g_settled.post(context);
    }
}

}  // namespace

void require(bool holds, const char* what) {
    if (!holds) {
        log("FAILED: {}", what);
        machine_exit(1);
    }
}

void settle(MayBlock const& context) {
    if (g_lowest.state() == ThreadState::unstarted) {
        require(g_lowest.start<&answer>(inject_lowest_stack, kLowest, g_asked));
    }
    g_asked.post(context);
    g_settled.wait(context);
}

}  // namespace pivot::inject
