#include "kern/sched.hpp"

#include "arch/contract/upcalls.hpp"
#include "kern/cpus.hpp"
#include "mutex/park.hpp"

namespace pivot {

// The offsets that switch.S knows. A thread is no standard-layout type because its calls are linked
// by their base class; both compilers lay it out as the declarations say all the same.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
struct ThreadLayout {
    static_assert(offsetof(Thread, sp_) == THREAD_SP);
    static_assert(offsetof(Thread, stack_top_) == THREAD_STACK_TOP);
    static_assert(offsetof(Thread, base_spl_) == THREAD_BASE_SPL);
    static_assert(offsetof(Thread, pinned_) == THREAD_PINNED);
    static_assert(offsetof(Thread, pinned_sp_) == THREAD_PINNED_SP);
    static_assert(offsetof(Thread, mark_) == THREAD_MARK);
    static_assert(offsetof(Thread, soft_held_) == THREAD_MARK + 8);
    static_assert(offsetof(Thread, next_) == THREAD_NEXT);
    static_assert(offsetof(Thread, priority_) == THREAD_PRIORITY);
    static_assert(offsetof(RunQueue, tail) == RUN_TAIL);
    static_assert(attention_byte(Ipl::softclock) == ATTENTION_SOFTCLOCK);
};
#pragma GCC diagnostic pop

bool RunQueue::remove(Thread& thread) {
    Thread* const last = tail[thread.priority_];
    if (last == nullptr) {
        return false;
    }
    Thread* before = last;
    while (before->next_ != &thread) {
        before = before->next_;
        if (before == last) {
            return false;  // once around
        }
    }
    if (before->next_ == last->next_) {
        (void)take_first(thread.priority_);
        return true;
    }
    before->next_ = thread.next_;
    if (last == &thread) {
        tail[thread.priority_] = before;
    }
    return true;
}

void Scheduler::start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority) {
    cpu.run = &queue;
    cpu.current = &boot;
    cpu.threshold = priority;
    boot.settle(cpu, stack_bottom, stack_top, priority);
    // We run on it: only what lies well below this frame is unused. The host's boot has no stack.
    constexpr uptr kBelowThisFrame = 256;
    if (stack_bottom != 0) {
        Thread::paint_stack(
            stack_bottom,
            (reinterpret_cast<uptr>(__builtin_frame_address(0)) & ~uptr{7}) - kBelowThisFrame);
    }
    boot.enlist();
    boot.state_ = ThreadState::ready;
}

// A thread that was preempted at the end of an interrupt goes on there, in assembly, which sets its
// SPL. A checked build has to know: no splx will tell when this CPU's SPL falls.
inline Thread& Scheduler::about_to_resume(Thread& next) {
    if constexpr (kChecked) {
        if (!next.gave_way_) {
            SplWatch::lowers(port::Cpu::read_spl(), 0);
        }
    }
    return next;
}

inline void Scheduler::give_way(Thread& self, Thread& next) {
    if constexpr (kChecked) {
        self.gave_way_ = true;
    }
    switch_threads(&self, &about_to_resume(next));
    if constexpr (kChecked) {
        self.gave_way_ = false;
    }
}

inline Thread& Scheduler::take_standby() {
    Thread& next = *this_cpu().standby;
    this_cpu().standby = nullptr;
    return next;
}

// Whoever runs when the running thread gives the CPU away.
inline Thread& Scheduler::next_thread(PerCpu& cpu) {
    if (cpu.standby != nullptr) {
        return take_standby();  // `threshold` is its priority already
    }
    u32 const priority = cpu.run->highest();
    cpu.threshold = priority;
    return cpu.run->take_first(priority);
}

// Not the bottom halves that have interrupted it straight.
Thread& Scheduler::running_thread(PerCpu& cpu) {
    Thread* thread = cpu.current;
    while (thread->pinned_ != nullptr) {
        thread = thread->pinned_;
    }
    return *thread;
}

// -- becoming ready

void Scheduler::ready(Thread& thread) {
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half called into the scheduler");
    PIVOT_ASSERT(thread.cpu_ == &this_cpu(), "a thread is made ready by another CPU's scheduler");
    PerCpu& cpu = this_cpu();
    thread.state_ = ThreadState::ready;
    if (thread.priority_ <= cpu.threshold) {
        queue_ready(cpu, thread);
        return;
    }
    Thread* const before = cpu.standby;
    cpu.standby = &thread;
    cpu.threshold = thread.priority_;
    spl_mark(cpu, attention_byte(Ipl::softclock));
    if (before != nullptr) [[unlikely]] {
        cpu.run->add_first(*before);
    }
}

void Scheduler::queue_ready(PerCpu& cpu, Thread& thread) {
    if (is_held_back(thread) || goes_to_idle_cpu(thread)) {
        return;
    }
    cpu.run->add_last(thread);
    if ((running_thread(cpu).slice_ | thread.slice_) != 0) [[unlikely]] {
        begin_slices(thread);
    }
}

void Scheduler::wake(Thread& thread) {
    EventTrace::note(TraceKind::wake, EventTrace::address(&thread));
    if (thread.cpu_ == &this_cpu()) {
        ready(thread);
    } else {
        send_to(*thread.cpu_, thread);
    }
}

// From a thread with nothing raised: the one that is woken runs at once, if it outranks this one.
void Scheduler::wake_and_leave_slowly(Spl old, Thread& thread) {
    PerCpu& cpu = this_cpu();
    if (old.held != 0 || cpu.standby != nullptr || !outranks_here(thread, cpu.threshold))
        [[unlikely]] {
        wake_and_leave_generally(old, thread);
        return;
    }
    EventTrace::note(TraceKind::wake, EventTrace::address(&thread));
    Thread& self = *cpu.current;
    cpu.run->add_first(self);  // it has not had its turn yet
    cpu.threshold = thread.priority_;
    give_way(self, thread);
    splx(old);
}

void Scheduler::wake_and_leave_generally(Spl old, Thread& thread) {
    wake(thread);
    leave(old);
}

void Scheduler::wake_all_and_leave(Thread* first, Spl old) {
    while (first != nullptr) {
        Thread& thread = *first;
        first = thread.next_;  // its own again, once it is woken
        wake(thread);
    }
    leave(old);
}

// A thread is woken once for each time that it blocks, so its call is at home.
void Scheduler::send_to(PerCpu& cpu, Thread& thread) {
    bool const sent = thread.wake_call_.send_held(cpu);
    PIVOT_REQUIRE(sent, "a thread is woken twice", thread.name());
}

// Priority 0: it is suspended, or on its way to another CPU.
bool Scheduler::is_held_back(Thread& thread) {
    if (thread.priority_ != 0) [[likely]] {
        return false;
    }
    if (PerCpu* const target = thread.moves_to_; target != nullptr && !thread.suspended_) {
        thread.moves_to_ = nullptr;
        thread.priority_ = thread.priority();
        atomic::store_release(&thread.cpu_, target);  // the rest of it is the target's from here on
        send_to(*target, thread);
    } else {
        thread.state_ = ThreadState::suspended;
    }
    return true;
}

// -- giving the CPU away

void Scheduler::yield(MayBlock const&) {
    assert_may_block("yield");
    NoPreemption const hold;
    PerCpu& cpu = this_cpu();
    RunQueue& queue = *cpu.run;
    Thread& self = *cpu.current;
    Thread*& tail = queue.tail[self.priority_];
    Thread* const last = tail;
    if (last == nullptr) {
        return;
    }
    // Rotate: the head leaves, this thread becomes the tail; the bitmap does not change.
    Thread& first = *last->next_;
    tail = &self;
    if (&first == last) {
        self.next_ = &self;
    } else {
        self.next_ = first.next_;
        last->next_ = &self;
    }
    give_way(self, first);
}

void Scheduler::block() {
    PerCpu& cpu = this_cpu();
    Thread& self = *cpu.current;
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half may not block");
    if (self.pinned_ == nullptr) {
        give_way(self, next_thread(cpu));
        return;
    }
    give_way(self, let_pinned_go(cpu, self));
}

// A bottom half that gives the CPU away lets the thread that it has interrupted go on at once. It
// cannot be entered until it has come back and emptied its queue.
Thread& Scheduler::let_pinned_go(PerCpu& cpu, Thread& self) {
    PIVOT_REQUIRE(self.state_ == ThreadState::ready || self.slot() != soft_slot(Ipl::softclock),
                  "a softclock continuation blocks: every sleeping thread would wait for it");
    Thread& pinned = *self.pinned_;
    self.pinned_ = nullptr;
    pinned.sp_ = self.pinned_sp_;
    if (cpu.standby != nullptr) {
        // our end would have seen it: now others must
        spl_mark(cpu, attention_byte(Ipl::softclock));
    }
    if (self.slot() == soft_slot(Ipl::softserial) && atomic::load_relaxed(&cpu.calls) != nullptr) {
        spl_mark(cpu, attention_byte(Ipl::softserial));  // we would have run them
    }
    cpu.bottom_half[self.slot()] = nullptr;
    return pinned;
}

// -- preemption

// A switch that was due happens now. softclock has the same byte, so its queue is looked at again,
// or, if it is demoted, its alarm set again: the mark may have been the end of its rest.
inline void Scheduler::clear_switch_mark(PerCpu& cpu) {
    spl_unmark(cpu, attention_byte(Ipl::softclock));
    if (cpu.soft_first[soft_slot(Ipl::softclock)].next == nullptr) [[likely]] {
        return;
    }
    if (cpu.bottom_half[soft_slot(Ipl::softclock)] != nullptr) {
        spl_mark(cpu, attention_byte(Ipl::softclock));
    } else {
        Callout::repeat_alarm();
    }
}

void Scheduler::preempt() {
    PerCpu& cpu = this_cpu();
    clear_switch_mark(cpu);
    if (cpu.resched != 0) [[unlikely]] {
        resched(cpu);
        return;
    }
    if (cpu.standby == nullptr) {
        return;
    }
    Thread& self = *cpu.current;
    cpu.run->add_first(self);  // it has not had its turn yet
    give_way(self, take_standby());
}

void Scheduler::ask_resched(PerCpu& cpu, u32 what) {
    cpu.resched |= what;
    spl_mark(cpu, attention_byte(Ipl::softclock));
}

// The running thread, about to be switched away from, must not be queued again. One that moves is
// sent to this very CPU: when the call runs, it is off its stack.
bool Scheduler::leaves_cpu(Thread& thread) {
    if (thread.suspended_) [[unlikely]] {
        thread.state_ = ThreadState::suspended;
        return true;
    }
    if (thread.moves_to_ != nullptr) [[unlikely]] {
        send_to(this_cpu(), thread);
        return true;
    }
    return false;
}

void Scheduler::resched(PerCpu& cpu) {
    u32 const what = cpu.resched;
    cpu.resched = 0;
    Thread& self = *cpu.current;
    if (leaves_cpu(self)) {
        give_way(self, next_thread(cpu));
        return;
    }
    if (cpu.standby != nullptr) {
        cpu.run->add_first(self);
        give_way(self, take_standby());
        return;
    }
    u32 const best = cpu.run->highest_or_idle();
    bool const rotate = (what & kRotate) != 0 && self.slice_ != 0;
    if (best > self.priority_) {
        cpu.run->add_first(self);
    } else if (best == self.priority_ && rotate) {
        cpu.run->add_last(self);
    } else {
        cpu.threshold = self.priority_;
        return;
    }
    give_way(self, next_thread(cpu));
}

struct BottomHalfEnd {
    [[gnu::always_inline]] static Thread* retire(Thread& self) {
        if (Scheduler::is_demoted(self)) [[unlikely]] {
            Scheduler::promote(self);  // it has caught up
        }
        PerCpu& cpu = this_cpu();
        cpu.bottom_half[self.slot()] = &self;
        return &Scheduler::next_thread(cpu);
    }
    [[gnu::always_inline]] static Thread* preempt_pinned(Thread& pinned) {
        if (!Scheduler::leaves_cpu(pinned)) {
            this_cpu().run->add_first(pinned);
        }
        return &Scheduler::take_standby();
    }
};

}  // namespace pivot

pivot::Thread* pivot_bottom_half_retire(pivot::Thread* self) {
    return pivot::BottomHalfEnd::retire(*self);
}

pivot::Thread* pivot_preempt_pinned(pivot::Thread* pinned) {
    return pivot::BottomHalfEnd::preempt_pinned(*pinned);
}
