#include "mutex/park.hpp"

#include "kern/wait.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

// A sleep under a spin mutex, under a raised SPL, or in a top half whose token came through a
// global. A bottom half may block at its own level, but not above it.
void check_may_block(const char* what) {
    PerCpu const& cpu = this_cpu();
    PIVOT_REQUIRE(!on_interrupt_stack(), "a top half may not block", what);
    PIVOT_REQUIRE(cpu.held == nullptr, "sleep while holding a spin mutex", cpu.held->name());
    PIVOT_REQUIRE(cpu.spl == cpu.current->base_spl(), "sleep with the SPL raised", what);
}

void park(MayBlock const& context, WaitQueue& queue) { WaitList::sleep(context, queue); }

bool unpark(WaitQueue& queue) {
    if (queue.empty()) {
        return false;
    }
    Scheduler::ready(WaitList::take_first(queue));
    return true;
}

}  // namespace pivot
