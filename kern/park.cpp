#include "mutex/park.hpp"

#include "kern/sched.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {

static_assert(alignof(Thread) > AdaptiveMutex::kFlags);

// A sleep under a spin mutex, under a raised SPL, or in a top half whose token came through a
// global. A bottom half may block at its own level, but not above it.
void check_may_block(const char* what) {
    LockOrder::check_may_block(what, current_thread().base_spl());
}

u64 base_spl_of_current() {
    Thread const* const thread = port::Cpu::current();
    return thread != nullptr ? thread->base_spl() : 0;  // before there are threads
}

LockList* locks_owned_by_current() {
    Thread* const thread = port::Cpu::current();
    return thread != nullptr ? known(thread->locks_owned()) : nullptr;
}

bool park_until(MayBlock const& context, u64 deadline) {
    return Scheduler::block_apart_until(context, ThreadState::blocked, deadline);
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

pivot::SplLimit const** pivot_spl_limits() {
    pivot::LockList* const list = pivot::locks_owned_by_current();
    return list != nullptr ? &list->limits : nullptr;
}
