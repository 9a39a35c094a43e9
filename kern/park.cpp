#include "mutex/park.hpp"

#include "kern/sched.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

// A sleep under a spin mutex, under a raised SPL, or in a top half whose token came through a
// global. A bottom half may block at its own level, but not above it.
void check_may_block(const char* what) {
    PIVOT_REQUIRE(!on_interrupt_stack(), "a top half may not block", what);
    u64 const spl = port::Cpu::read_spl();
    PIVOT_REQUIRE(spl == current_thread().base_spl() || this_cpu().held == nullptr,
                  "sleep while holding a spin mutex", this_cpu().held->name());
    PIVOT_REQUIRE(spl == current_thread().base_spl(), "sleep with the SPL raised", what);
}

bool park_until(MayBlock const& context, u64 deadline) {
    return Scheduler::block_until(context, ThreadState::blocked, deadline);
}

void unpark(Thread& thread) { Scheduler::wake(thread); }

bool runs_elsewhere(Thread const& thread) {
    PerCpu const& home = thread.home();
    return &home != &this_cpu() && atomic::load_relaxed(&home.current) == &thread;
}

TurnRecord& turn_record(Thread& thread) { return thread.turn_; }

void priority_changed(Thread& thread) { Scheduler::change(thread); }

const char* name_of(Thread const& thread) { return thread.name(); }

}  // namespace pivot
