// A level that has spent its budget: its bottom half goes on at thread priority for a while.
//
// Kept apart from sched.cpp because nothing here is on the way of a wake-up or an interrupt. When
// it happens and for how long, intr/bottom_half.cpp decides.
#include "kern/sched.hpp"

namespace pivot {

// As if its base priority had been changed: what waiters for its mutexes lend it still counts.
void Scheduler::set_bottom_half_priority(Thread& thread, u32 priority) {
    ThreadStart::with_token([&](MayWake const& context) {
        SpinGuard const guard(g_turnstiles, context);
        atomic::store_relaxed(&thread.turn_.base, priority);
        Turnstile::update(thread);
    });
}

void Scheduler::demote(Thread& self) {
    set_bottom_half_priority(self, kDemotedPriority);
    step_aside(self);
}

void Scheduler::promote(Thread& thread) {
    set_bottom_half_priority(thread, thread.undemoted_priority());
    if (thread.slot() == soft_slot(Ipl::softclock)) {
        Callout::alarm_at_latest(kForever);  // the alarm is for its callouts again
    }
}

bool Scheduler::is_demoted(Thread const& thread) {
    return thread.base_priority() != thread.undemoted_priority();
}

void Scheduler::step_aside(Thread& self) {
    RunQueue& queue = *this_cpu().run;
    if (self.pinned_ != nullptr) {
        ready(self);  // to run again when its turn comes, or at once if it is lent that much
    } else if (this_cpu().standby != nullptr || queue.highest_or_idle() >= self.priority_) {
        queue.add_last(self);
    } else {
        return;
    }
    block();  // which puts nobody into a queue
}

}  // namespace pivot
