// Calls from one CPU to another: how a CPU asks for what only the other one may do.
//
// Who: send: threads and bottom halves (MayWake), from any CPU to any, its own included.
// run_all: the softserial bottom half of the CPU that is called. Lock order: none; lock-free.
//
// The object is the message: sending allocates nothing. It is pushed on the target's stack of calls
// and, if that was empty, SGI 0 is sent; the line's top half schedules a continuation which runs
// all that has come, oldest first, at softserial. The function gets a MayWake token: it may wake
// threads there but not block, or every later call would wait for it.
//
// Another continuation of softserial may block, and perhaps for just what a call would bring: its
// own wake-up from another CPU comes this way. So the calls do not wait for the bottom half: while
// it is blocked, they are run on the way out of the interrupt (intr/attend.cpp), with all that is
// soft held off. To see to that, the top half marks softserial also where the continuation is
// queued already (`announce`), and so does a softserial bottom half that blocks when calls are
// there.
//
//     sender                                    target
//     next: null -> kLast, atomically           all = exchange(calls, null)
//       (failed: has not run yet: false)        reverse: they come newest first
//     store what the function will read         each: read its next; next = null; run it
//     push on calls, with release               (exchange has acquire)
//     was it empty? DSB, SGI
//
// A sender that finds the object still on its way is told so and must not assume that the run will
// see what it has stored since, unless a lock that the function takes orders the two (the run
// clears `next` before it takes the lock, so whoever holds the lock and finds `next` set comes
// first). Exchange of the whole stack leaves no room for ABA.
#pragma once

#include "kern/base/atomic.hpp"
#include "kern/thread_start.hpp"
#include "spl/spl.hpp"

namespace pivot {

// The software-generated interrupts that the kernel uses, by INTID.
enum class Ipi : u8 {
    call = 0,  // calls wait for this CPU
    stop = 1,  // another CPU has panicked
};

class CrossCall : public QueuedCall {
  public:
    // One that calls `Fn(MayWake const&, T&)` on `owner`, on the CPU that it is sent to.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr CrossCall to(T& owner) {
        return CrossCall(&ThreadStart::wake_with<Fn, T>, &owner);
    }
    CrossCall(CrossCall const&) = delete;
    CrossCall& operator=(CrossCall const&) = delete;

    // Has `target` run it. False if an earlier send has not run yet.
    [[nodiscard]] bool send(PerCpu& target);

    // The same, for whoever holds off preemption anyway.
    [[nodiscard]] bool send_held(PerCpu& target);

    // Runs what has been sent to this CPU.
    static void run_all(MayWake const& context);

    // SGI 0's top half, after it has scheduled the continuation.
    template <Ipl L>
    static void announce(TopHalf<L> const&) {
        spl_mark(this_cpu(), attention_byte(Ipl::softserial));
    }
    // The same without the bottom half, which is blocked; all soft levels are held off.
    static void run_all_here();

  private:
    friend class Thread;        // changes the function of its own call
    friend class Continuation;  // names its owner, itself, no sooner than it sends
    constexpr CrossCall(void (*call)(const void*, void*), void* object)
        : QueuedCall{{nullptr}, call, object} {}
};

}  // namespace pivot
