#include "kern/sched.hpp"

#include "arch/contract/upcalls.hpp"
#include "mutex/park.hpp"

namespace pivot {

// The offsets that switch.S knows.
struct ThreadLayout {
    static_assert(offsetof(Thread, sp_) == THREAD_SP);
    static_assert(offsetof(Thread, stack_top_) == THREAD_STACK_TOP);
    static_assert(offsetof(Thread, base_spl_) == THREAD_BASE_SPL);
    static_assert(offsetof(Thread, pinned_) == THREAD_PINNED);
    static_assert(offsetof(Thread, pinned_sp_) == THREAD_PINNED_SP);
    static_assert(offsetof(Thread, mark_) == THREAD_MARK);
};

namespace {

constinit Thread* g_all_threads = nullptr;

}  // namespace

Thread* Thread::all() { return g_all_threads; }

void Thread::enlist() {
    NoPreemption const hold;
    all_next_ = g_all_threads;
    g_all_threads = this;
}

ThreadError Thread::start_erased(uptr bottom, uptr top, u32 priority, void (*entry)(void*),
                                 void* argument) {
    if (priority >= kThreadPriorities) {
        return ThreadError::bad_priority;
    }
    if (state_ != ThreadState::unstarted) {
        return ThreadError::already_started;
    }
    priority_ = priority;
    entry_ = entry;
    argument_ = argument;
    stack_bottom_ = bottom;
    stack_top_ = top;
    sp_ = prepare_stack(this, top, [](Thread* self) {
        splx(Spl{0});
        self->entry_(self->argument_);
        Scheduler::exit_current();
    });
    enlist();
    Spl const old = splraise(Ipl::softserial);
    Scheduler::ready(*this);
    Scheduler::leave(old);
    return ThreadError::none;
}

void Scheduler::start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority) {
    cpu.run = &queue;
    cpu.current = &boot;
    cpu.threshold = priority;
    boot.priority_ = priority;
    boot.state_ = ThreadState::ready;
    boot.stack_bottom_ = stack_bottom;
    boot.stack_top_ = stack_top;
    boot.enlist();
}

void Scheduler::queue_last(PerCpu& cpu, Thread& thread) { cpu.run->add_last(thread); }

void Scheduler::queue_first(PerCpu& cpu, Thread& thread) { cpu.run->add_first(thread); }

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
    switch_threads(&self, &first);
}

void Scheduler::block(ThreadState state) {
    PerCpu& cpu = this_cpu();
    Thread& self = *cpu.current;
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half may not block");
    self.state_ = state;
    Thread* const pinned = self.pinned_;
    if (pinned == nullptr) {
        switch_threads(&self, &next_thread(cpu));
        return;
    }
    // A bottom half that blocks lets the interrupted thread go on at once. It cannot be entered
    // until it has come back and emptied its queue.
    PIVOT_REQUIRE(self.priority_slot() != soft_slot(Ipl::softclock),
                  "a softclock continuation blocks: every sleeping thread would wait for it");
    self.pinned_ = nullptr;
    pinned->sp_ = self.pinned_sp_;
    if (cpu.standby != nullptr) {
        // our end would have seen it: now others must
        spl_mark(cpu, attention_byte(Ipl::softclock));
    }
    cpu.bottom_half[self.priority_slot()] = nullptr;
    switch_threads(&self, pinned);
}

// A switch that was due happens now. softclock has the same byte, so its queue is looked at again.
inline void Scheduler::clear_switch_mark(PerCpu& cpu) {
    spl_unmark(cpu, attention_byte(Ipl::softclock));
    if (cpu.soft_first[soft_slot(Ipl::softclock)].next != nullptr) [[unlikely]] {
        spl_mark(cpu, attention_byte(Ipl::softclock));
    }
}

void Scheduler::preempt() {
    PerCpu& cpu = this_cpu();
    clear_switch_mark(cpu);
    if (cpu.standby == nullptr) {
        return;
    }
    Thread& self = *cpu.current;
    cpu.run->add_first(self);  // it has not had its turn yet
    switch_threads(&self, &take_standby());
}

void Scheduler::ready_and_leave_slowly(Spl old, Thread& thread) {
    ready(thread);
    leave(old);
}

inline Thread& Scheduler::preempt_pinned(Thread& pinned) {
    this_cpu().run->add_first(pinned);
    return take_standby();
}

inline Thread& Scheduler::retire(Thread& bottom_half) {
    PerCpu& cpu = this_cpu();
    cpu.bottom_half[bottom_half.priority_slot()] = &bottom_half;
    return next_thread(cpu);
}

void Scheduler::exit_current() {
    assert_may_block("exit");
    (void)splraise(Ipl::softserial);
    block(ThreadState::exited);
    panic("an exited thread was switched to");
}

}  // namespace pivot

pivot::Thread* pivot_bottom_half_retire(pivot::Thread* self) {
    return &pivot::Scheduler::retire(*self);
}

pivot::Thread* pivot_preempt_pinned(pivot::Thread* pinned) {
    return &pivot::Scheduler::preempt_pinned(*pinned);
}
