#include "kern/sched.hpp"

#include "arch/contract/upcalls.hpp"

namespace pivot {

// The offsets that switch.S knows.
struct ThreadLayout {
    static_assert(offsetof(Thread, sp_) == THREAD_SP);
    static_assert(offsetof(Thread, stack_top_) == THREAD_STACK_TOP);
    static_assert(offsetof(Thread, pinned_) == THREAD_PINNED);
};

namespace {

constinit Thread* g_all_threads = nullptr;

// Byte of `attention` whose uncovering makes the CPU look for a thread switch.
constexpr u32 kPreemptionByte = attention_byte(Ipl::softclock);

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
    NoPreemption const hold;
    Scheduler::ready(*this);
    return ThreadError::none;
}

void Scheduler::start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority) {
    cpu.run = &queue;
    cpu.current = &boot;
    boot.priority_ = priority;
    boot.state_ = ThreadState::running;
    boot.stack_bottom_ = stack_bottom;
    boot.stack_top_ = stack_top;
    boot.enlist();
}

inline void Scheduler::switch_to(PerCpu&, Thread& from, Thread& to) {
    to.state_ = ThreadState::running;
    switch_threads(&from, &to);
}

void Scheduler::yield(MayBlock const&) {
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half called into the scheduler");
    NoPreemption const hold;
    PerCpu& cpu = this_cpu();
    RunQueue& queue = *cpu.run;
    Thread& self = *cpu.current;
    Thread* const last = queue.tail[self.priority_];
    if (last == nullptr) {
        return;
    }
    // Rotate: the head leaves, this thread becomes the tail; the bitmap does not change.
    Thread& first = *last->next_;
    if (&first == last) {
        self.next_ = &self;
    } else {
        self.next_ = first.next_;
        last->next_ = &self;
    }
    queue.tail[self.priority_] = &self;
    self.state_ = ThreadState::ready;
    switch_to(cpu, self, first);
}

void Scheduler::ready(Thread& thread) {
    PerCpu& cpu = this_cpu();
    thread.state_ = ThreadState::ready;
    cpu.run->add_last(thread);
    // A bottom half outranks everyone, but the thread that it interrupted may not.
    if (thread.priority_ > cpu.current->priority_ || cpu.current->is_bottom_half()) {
        spl_mark(cpu, kPreemptionByte);
    }
}

void Scheduler::block(ThreadState state) {
    PerCpu& cpu = this_cpu();
    Thread& self = *cpu.current;
    PIVOT_ASSERT(!on_interrupt_stack(), "a top half may not block");
    self.state_ = state;
    Thread* next = self.pinned_;
    if (next != nullptr) {
        self.pinned_ = nullptr;  // a bottom half that blocks lets the interrupted thread go on at once
    } else {
        next = &cpu.run->take_first(cpu.run->highest());
    }
    switch_to(cpu, self, *next);
}

void Scheduler::preempt() {
    PerCpu& cpu = this_cpu();
    RunQueue& queue = *cpu.run;
    Thread& self = *cpu.current;
    if (queue.occupied == 0) {
        return;
    }
    u32 const highest = queue.highest();
    if (highest <= self.priority_) {
        return;
    }
    self.state_ = ThreadState::ready;
    Thread& next = queue.take_first(highest);
    queue.add_first(self);  // it has not had its turn yet
    switch_to(cpu, self, next);
}

void Scheduler::exit_current() {
    (void)splraise(Ipl::softserial);
    block(ThreadState::exited);
    panic("an exited thread was switched to");
}

}  // namespace pivot

void pivot_bottom_half_retire(pivot::Thread*) {
    pivot::Scheduler::block(pivot::ThreadState::unstarted);
    pivot::panic("a retired bottom half was switched to");
}
