// The scheduler: fixed priorities, FIFO within one, O(1).
//
// Who: threads (bottom halves are threads). A top half has no business here; asserted.
// Lock order: runs with preemption held off on its CPU; takes no lock.
//
// A CPU's run queue is a bitmap of occupied priorities and a circular list each, kept by its tail, so
// that adding at the tail, at the head and removing the head are all a few instructions. The running
// thread is in no list. Idle is priority 0 and always ready.
#pragma once

#include "kern/thread.hpp"
#include "spl/spl.hpp"

namespace pivot {

struct RunQueue {
    u64 occupied = 0;  // bit p: a thread of priority p is ready
    Thread* tail[kRunLevels] = {};

    [[nodiscard]] u32 highest() const { return 63 - static_cast<u32>(__builtin_clzll(occupied)); }

    void add_last(Thread& thread) {
        Thread*& last = tail[thread.priority_];
        if (last == nullptr) {
            thread.next_ = &thread;
            occupied |= u64{1} << thread.priority_;
        } else {
            thread.next_ = last->next_;
            last->next_ = &thread;
        }
        last = &thread;
    }

    void add_first(Thread& thread) {
        Thread*& last = tail[thread.priority_];
        if (last == nullptr) {
            add_last(thread);
            return;
        }
        thread.next_ = last->next_;
        last->next_ = &thread;
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
    // Makes the code that calls it the thread `boot`, and `idle` ready. Once a CPU.
    static void start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority);

    // Lets the next thread of the same priority run, if there is one.
    static void yield(MayBlock const&);

    // Sleeps until the counter has reached `deadline` (ticks). kern/clock.cpp.
    static void sleep_until(MayBlock const&, u64 deadline);

    // -- for the mechanisms above; the caller holds off preemption

    // Makes a blocked thread ready; it runs as soon as preemption is let in, if it should.
    static void ready(Thread& thread);

    // Gives the CPU away until someone makes this thread ready. The caller has put it where that
    // someone will find it.
    static void block(ThreadState state);

    // Switches if a thread of higher priority is ready. At SPL none but for the caller's hold.
    static void preempt();

    // Ends the running thread.
    [[noreturn]] static void exit_current();

  private:
    static void switch_to(PerCpu& cpu, Thread& from, Thread& to);
};

}  // namespace pivot
