// The scheduler: fixed priorities, FIFO or round-robin within one, O(1), each CPU for itself.
//
// Who: threads (bottom halves are threads). A top half has no business here; asserted.
// Lock order: runs with preemption held off on its CPU; takes no lock on the way from a wake-up to
// the thread. Changes of a thread (change) hold g_turnstiles.
//
// There is no lock because nothing is shared: a CPU's run queue, and whatever the scheduler keeps
// of the threads whose home the CPU is, are touched by that CPU alone. Another CPU that wakes such
// a thread sends a call (kern/cross_call.hpp), which this one runs in its softserial bottom half:
// when no thread of its own is in the middle of a switch, by construction.
//
// A run queue is a bitmap of occupied priorities and a circular list each, kept by its tail, so
// that adding at the tail, at the head and removing the head are all a few instructions. The
// running thread is in no list, and neither is `standby`: a thread that has just become ready and
// outranks the running one waits there for the few instructions until preemption is let in, so it
// need not be put into the queue and found again. `threshold` is what the next one must outrank.
// Two facts keep this right: nothing in the queue outranks the running thread, and a thread that
// runs at SPL none has no standby. Idle is priority 0 and always ready.
//
// Everything rarer (a time slice is over, the running thread has been suspended or lowered, or is
// to move) sets `resched`, and the next preemption point does what it says. Until then something in
// the queue may outrank the running thread; `threshold` says so, and a thread that becomes ready
// does not run before it.
#pragma once

#include "kern/thread.hpp"
#include "spl/spl.hpp"

namespace pivot {

struct RunQueue {
    u64 occupied = 0;  // bit p: a thread of priority p is ready
    Thread* tail[kRunLevels] = {};

    // Of a queue that is not empty: not while idle runs and nothing is ready.
    [[nodiscard]] u32 highest() const { return 63 - static_cast<u32>(__builtin_clzll(occupied)); }
    [[nodiscard]] u32 highest_or_idle() const { return occupied != 0 ? highest() : kIdlePriority; }

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

    // Takes a thread out from wherever it is; false if it is not in. Steps: those of its priority.
    [[nodiscard]] bool remove(Thread& thread);
};

class Scheduler {
  public:
    // Makes the code that calls it the thread `boot`. Once a CPU.
    static void start_cpu(PerCpu& cpu, RunQueue& queue, Thread& boot, uptr stack_bottom,
                          uptr stack_top, u32 priority);

    // Lets the next thread of the same priority run, if there is one.
    static void yield(MayBlock const&);

    // Sleeps until the counter has reached `deadline` (ticks).
    static void sleep_until(MayBlock const& context, u64 deadline);

    // -- for the mechanisms above; the caller holds off preemption

    // Wakes a thread that has been taken out of what it waited in, and ends the critical section;
    // `old`: what the SPL was before it. If it outranks the running thread of this CPU, its home,
    // it runs before this returns, or, where the SPL does not yet let it, as soon as that is
    // lowered to none.
    //
    // The fast path is a bottom half that interrupted a thread straight: no mark is needed, for its
    // end looks for a standby thread by itself. Everything else is called in tail position, so that
    // the fast path needs no stack frame.
    static void wake_and_leave(Thread& thread, Spl old) {
        if (this_cpu().current->pinned_ != nullptr) [[likely]] {
            Thread* standby;
            u64 threshold;
            port::Cpu::read_standby(standby, threshold);
            if (standby != nullptr || !outranks_here(thread, threshold)) [[unlikely]] {
                wake_and_leave_slowly(old, thread);
                return;
            }
            EventTrace::note(TraceKind::wake, EventTrace::address(&thread));
            port::Cpu::write_standby(&thread, thread.priority_);
            splx(old);
        } else {
            wake_and_leave_slowly(old, thread);
        }
    }

    // The same without the end of the critical section.
    static void wake(Thread& thread);

    // The same for several, in this order, that WaitQueue::take_out has returned.
    static void wake_all_and_leave(Thread* first, Spl old);

    // Ends a critical section that may have made a thread ready. `old`: what the SPL was before it.
    static void leave(Spl old) {
        if (old.held == 0 && this_cpu().standby != nullptr) {
            preempt();
        }
        splx(old);
    }

    // Gives the CPU away until someone wakes this thread. The caller has set its state and put it
    // where that someone will find it.
    static void block();

    // The same until `deadline` (counter ticks) at the latest. False: the time was over first.
    [[nodiscard]] static bool block_until(MayBlock const& context, u64 deadline);
    // The same, in no queue that the scheduler knows of: asleep, or in a turnstile.
    [[nodiscard]] static bool block_apart_until(MayBlock const& context, ThreadState state,
                                                u64 deadline);

    // Switches to the standby thread, if there is one, and does what `resched` asks for. The SPL is
    // none but for the caller's hold.
    static void preempt();

    // With g_turnstiles held: what is wanted of the thread (its effective priority, suspension,
    // affinity) has changed. Its home CPU acts on it.
    static void change(Thread& thread);

    // A bottom half that is to run like an ordinary thread of the lowest priority, until it has
    // caught up or is promoted: a round at a time, for it steps aside after each. On its CPU;
    // demote and step_aside by itself, with all soft levels held off.
    static void demote(Thread& self);
    static void step_aside(Thread& self);
    static void promote(Thread& thread);
    [[nodiscard]] static bool is_demoted(Thread const& thread);

    // Ends the running thread.
    [[noreturn]] static void exit_current();

  private:
    friend class Thread;
    friend struct BottomHalfEnd;  // arch/contract/upcalls.hpp

    // What `PerCpu::resched` asks for.
    static constexpr u32 kLookAgain = 1;  // the running thread may no longer be the one to run
    static constexpr u32 kRotate = 2;     // its time slice is over

    // This CPU is its home, and it would run here at once.
    [[nodiscard]] static bool outranks_here(Thread const& thread, u64 threshold) {
        return (thread.cpu_ == &this_cpu()) & (thread.priority_ > threshold);
    }
    static void set_bottom_half_priority(Thread& thread, u32 priority);
    [[nodiscard]] static Thread& let_pinned_go(PerCpu& cpu, Thread& self);
    static void wake_and_leave_slowly(Spl old, Thread& thread);
    static void wake_and_leave_generally(Spl old, Thread& thread);
    static void queue_ready(PerCpu& cpu, Thread& thread);
    static void ready(Thread& thread);
    [[nodiscard]] static bool is_held_back(Thread& thread);
    [[nodiscard]] static bool goes_to_idle_cpu(Thread& thread);
    static void send_to(PerCpu& cpu, Thread& thread);
    static void clear_switch_mark(PerCpu& cpu);
    static void ask_resched(PerCpu& cpu, u32 what);
    static void resched(PerCpu& cpu);
    [[nodiscard]] static bool leaves_cpu(Thread& thread);
    static void change_at_home(Thread& thread);
    static void set_key(Thread& thread, u32 key);
    static void set_running_key(PerCpu& cpu, Thread& thread, u32 key);
    [[nodiscard]] static u32 to_outrank(PerCpu& cpu);
    [[nodiscard]] static bool change_waiting(Thread& thread, u32 key);
    static void begin_slices(Thread const& thread);
    [[nodiscard]] static bool give_up_mutex(Thread& thread);
    friend struct SliceTimer;
    [[nodiscard]] static Thread& running_thread(PerCpu& cpu);
    [[nodiscard]] static Thread& about_to_resume(Thread& next);
    static void give_way(Thread& self, Thread& next);
    [[nodiscard]] static Thread& take_standby();
    [[nodiscard]] static Thread& next_thread(PerCpu& cpu);
    static void timed_out(Thread& thread);
};

inline void WaitQueue::unlock_without(Thread& first) { unlock(remove_first(first)); }

inline Thread* WaitQueue::remove_first(Thread& first) {
    atomic::store_relaxed(&first.state_, ThreadState::ready);
    return first.next_;
}

template <typename Visitor>
Thread* WaitQueue::take_out(Thread*& first, Visitor&& visit) {
    Thread* taken = nullptr;
    Thread** end = &taken;
    for (Thread** place = &first; *place != nullptr;) {
        Thread& waiter = **place;
        Visit const verdict = visit(waiter);
        if (verdict == Visit::stop) {
            break;
        }
        if (verdict == Visit::leave) {
            place = &waiter.next_;
            continue;
        }
        *place = remove_first(waiter);
        *end = &waiter;
        end = &waiter.next_;
    }
    *end = nullptr;
    return taken;
}

template <typename Record>
Record& WaitQueue::record_of(Thread const& waiter) {
    return *static_cast<Record*>(waiter.wait_record_);
}

}  // namespace pivot
