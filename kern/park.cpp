#include "mutex/park.hpp"

#include "kern/sched.hpp"
#include "kern/wait.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

// What the tokens cannot see: a sleep under a spin mutex, under a raised SPL, or in a top half whose
// token came through a global.
void assert_may_block(const char* what) {
    [[maybe_unused]] PerCpu const& cpu = this_cpu();
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half may not block", what);
    PIVOT_ASSERT(cpu.held == nullptr, "sleep while holding a spin mutex", cpu.held->name());
    PIVOT_ASSERT(static_cast<u32>(cpu.spl) == 0, "sleep with the SPL raised", what);
}

void WaitList::insert(WaitQueue& queue, Thread& thread) {
    Thread** place = &queue.head;
    while (*place != nullptr && (*place)->priority_ >= thread.priority_) {
        place = &(*place)->next_;
    }
    thread.next_ = *place;
    *place = &thread;
}

Thread* WaitList::take_first(WaitQueue& queue) {
    Thread* const first = queue.head;
    if (first != nullptr) {
        queue.head = first->next_;
    }
    return first;
}

void park(MayBlock const&, WaitQueue& queue, const char* what) {
    assert_may_block(what);
    WaitList::insert(queue, current_thread());
    Scheduler::block(ThreadState::blocked);
}

Thread* unpark(WaitQueue& queue) {
    Thread* const first = WaitList::take_first(queue);
    if (first != nullptr) {
        Scheduler::ready(*first);
    }
    return first;
}

}  // namespace pivot
