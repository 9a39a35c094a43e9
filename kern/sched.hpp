// The scheduler: fixed priorities, FIFO within one, O(1).
//
// Who: threads (bottom halves are threads). A top half has no business here; asserted.
// Lock order: runs with preemption held off on its CPU; takes no lock.
//
// A CPU's run queue is a bitmap of occupied priorities and a circular list each, kept by its tail,
// so that adding at the tail, at the head and removing the head are all a few instructions. The
// running thread is in no list, and neither is `standby`: a thread that has just become ready and
// outranks the running one waits there for the few instructions until preemption is let in, so it
// need not be put into the queue and found again. `threshold` is what the next one must outrank.
// Two facts keep this right: nothing in the queue outranks the running thread, and a thread that
// runs at SPL none has no standby. Idle is priority 0 and always ready.
#pragma once

#include "kern/thread.hpp"
#include "spl/spl.hpp"

namespace pivot {

struct RunQueue {
    u64 occupied = 0;  // bit p: a thread of priority p is ready
    Thread* tail[kRunLevels] = {};

    [[nodiscard]] u32 highest() const { return 63 - static_cast<u32>(__builtin_clzll(occupied)); }

    void add_last(Thread& thread) {
        add_first(thread);
        tail[thread.priority_] = &thread;
    }

    void add_first(Thread& thread) {
        Thread*& last = tail[thread.priority_];
        if (last == nullptr) [[likely]] {
            thread.next_ = &thread;
            last = &thread;
            occupied |= u64{1} << thread.priority_;
        } else {
            thread.next_ = last->next_;
            last->next_ = &thread;
        }
    }

    [[nodiscard]] Thread& take_first(u32 priority) {
        Thread*& last = tail[priority];
        Thread& first = *last->next_;
        if (&first == last) {
            last = nullptr;
            occupied &= ~(u64{1} << priority);
        } else {
            last->next_ = first.next_;
        }
        return first;
    }
};

class Scheduler {
  public:
    // Makes the code that calls it the thread `boot`. Once a CPU.
    static void start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority);

    // Lets the next thread of the same priority run, if there is one.
    static void yield(MayBlock const&);

    // Sleeps until the counter has reached `deadline` (ticks). kern/clock.cpp.
    static void sleep_until(MayBlock const&, u64 deadline);

    // -- for the mechanisms above; the caller holds off preemption

    // Makes a blocked thread ready and ends the critical section; `old`: what the SPL was before
    // it. If the thread outranks the running one, it runs before this returns, or, where the SPL
    // does not yet let it, as soon as that is lowered to none.
    //
    // The fast path is a bottom half that interrupted a thread straight: no mark is needed, for its
    // end looks for a standby thread by itself. Everything else is called in tail position, so that
    // the fast path needs no stack frame.
    static void ready_and_leave(Thread& thread, Spl old) {
        if (this_cpu().current->pinned_ == nullptr || this_cpu().standby != nullptr ||
            thread.priority_ <= this_cpu().threshold) [[unlikely]] {
            ready_and_leave_slowly(old, thread);
            return;
        }
        thread.state_ = ThreadState::ready;
        this_cpu().standby = &thread;
        this_cpu().threshold = thread.priority_;
        splx(old);
    }

    // Makes a blocked thread ready; it runs as soon as preemption is let in, if it should.
    static void ready(Thread& thread) {
        PIVOT_ASSERT(!on_interrupt_stack(), "a top half called into the scheduler");
        PerCpu& cpu = this_cpu();
        thread.state_ = ThreadState::ready;
        if (thread.priority_ <= cpu.threshold) {
            queue_last(cpu, thread);
            return;
        }
        Thread* const before = cpu.standby;
        cpu.standby = &thread;
        cpu.threshold = thread.priority_;
        spl_mark(cpu, attention_byte(Ipl::softclock));
        if (before != nullptr) [[unlikely]] {
            queue_first(cpu, *before);
        }
    }

    // Ends a critical section that may have made a thread ready. `old`: what the SPL was before it.
    static void leave(Spl old) {
        if (old.held == 0 && this_cpu().standby != nullptr) {
            preempt();
        }
        splx(old);
    }

    // Gives the CPU away until someone makes this thread ready. The caller has put it where that
    // someone will find it.
    static void block(ThreadState state);

    // Switches to the standby thread, if there is one. The SPL is none but for the caller's hold.
    static void preempt();

    // Ends the running thread.
    [[noreturn]] static void exit_current();

    // What becomes of a bottom half's end; see arch/contract/upcalls.hpp.
    static Thread& retire(Thread& bottom_half);
    static Thread& preempt_pinned(Thread& pinned);

  private:
    static void ready_and_leave_slowly(Spl old, Thread& thread);
    static void clear_switch_mark(PerCpu& cpu);
    static void queue_last(PerCpu& cpu, Thread& thread);
    static void queue_first(PerCpu& cpu, Thread& thread);
    [[nodiscard]] static Thread& take_standby();
    [[nodiscard]] static Thread& next_thread(PerCpu& cpu);
};

}  // namespace pivot
