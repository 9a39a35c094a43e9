// What a change of priority, suspension or affinity means for a thread, wherever it is: running,
// ready in a queue, standing by, waiting, or on its way here. Its home CPU works that out.
//
// Kept apart from sched.cpp because nothing here is on the way of an interrupt or a wake-up.
#include "kern/cpus.hpp"
#include "kern/sched.hpp"

namespace pivot {

void Scheduler::change(Thread& thread) {
    g_turnstiles.assert_held();
    if (atomic::load_acquire(&thread.cpu_) == &this_cpu()) {
        change_at_home(thread);
    } else {
        // If it is on its way already: whoever runs it has yet to take the lock that we hold, and
        // will see what we have stored.
        (void)thread.change_call_.send_held(thread.home());
    }
}

// Where a thread goes that may not stay on this CPU.
static PerCpu* first_cpu_of(u64 set) {
    set &= online_set();
    return set == 0 ? nullptr : &cpu_of(static_cast<u32>(__builtin_ctzll(set)));
}

void Scheduler::change_at_home(Thread& thread) {
    bool const may_stay = (thread.affinity_ >> this_cpu().id & 1) != 0;
    thread.moves_to_ = may_stay ? nullptr : first_cpu_of(thread.affinity_);
    thread.suspended_ = thread.turn_.suspended;
    bool const held_back = thread.suspended_ || thread.moves_to_ != nullptr;
    set_key(thread, held_back ? 0 : thread.turn_.effective);
    thread.note_changes_made();
}

// What a thread must exceed to run next when nobody stands by: whoever runs, and the queue, too,
// where the one that runs has just been lowered.
u32 Scheduler::to_outrank(PerCpu& cpu) {
    u32 const running = running_thread(cpu).priority_;
    u32 const queued = cpu.run->highest_or_idle();
    return queued > running ? queued : running;
}

void Scheduler::set_running_key(PerCpu& cpu, Thread& thread, u32 key) {
    thread.priority_ = key;
    if (cpu.standby != nullptr && cpu.standby->priority_ <= key) {
        cpu.run->add_first(*cpu.standby);  // it no longer outranks
        cpu.standby = nullptr;
    }
    if (cpu.standby == nullptr) {
        cpu.threshold = to_outrank(cpu);
    }
    ask_resched(cpu, kLookAgain);
}

// Gives it another place according to `key`, which it has from now on.
void Scheduler::set_key(Thread& thread, u32 key) {
    PerCpu& cpu = this_cpu();
    if (thread.state_ == ThreadState::suspended && !thread.suspended_) {
        thread.priority_ = key;
        ready(thread);
        return;
    }
    if (change_waiting(thread, key) || key == thread.priority_) {
        return;
    }
    if (&thread == &running_thread(cpu)) {
        set_running_key(cpu, thread, key);
    } else if (&thread == cpu.standby) {
        cpu.standby = nullptr;
        cpu.threshold = to_outrank(cpu);
        thread.priority_ = key;
        ready(thread);
        ask_resched(cpu, kLookAgain);  // somebody in the queue may be better now
    } else if (cpu.run->remove(thread)) {
        thread.priority_ = key;
        ready(thread);
    } else {
        thread.priority_ = key;  // unstarted, asleep, waits for a mutex, or is on its way here
    }
}

// In a wait queue: to its place there, which that of its effective priority is.
bool Scheduler::change_waiting(Thread& thread, u32 key) {
    if (thread.state() != ThreadState::blocked || thread.waiting_on_ == nullptr) {
        return false;
    }
    WaitQueue& queue = *thread.waiting_on_;
    Thread* first = queue.lock();
    bool const waits = thread.state() == ThreadState::blocked;
    if (waits) {
        thread.priority_ = key;
        first = WaitQueue::put_in_order(first, thread);
    }
    queue.unlock(first);
    return waits;
}

// A thread that need not wait here: some CPU that it may run on is idle.
bool Scheduler::goes_to_idle_cpu(Thread& thread) {
    u64 const elsewhere = thread.affinity_ & ~(u64{1} << this_cpu().id);
    if (elsewhere == 0) [[likely]] {
        return false;
    }
    PerCpu* target = nullptr;
    for_each_cpu(elsewhere & online_set(), [&](PerCpu& cpu) {
        if (target == nullptr && atomic::load_relaxed(&cpu.threshold) == kIdlePriority) {
            target = &cpu;
        }
    });
    if (target == nullptr) {
        return false;
    }
    atomic::store_release(&thread.cpu_, target);  // the rest of it is the target's from here on
    send_to(*target, thread);
    return true;
}

}  // namespace pivot
