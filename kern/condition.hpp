// Condition variable: threads that own an adaptive mutex wait for what it guards to change.
//
// Who: as each operation says. A top half signals by scheduling a continuation that signals.
// Lock order: wait releases the one mutex that it is given; others that are owned stay owned. The
// queue's lock is taken under the mutex and never around it.
//
// Who waits looks again: between the signal and the moment when the waiter has the mutex, others
// may have had it.
//
//     AdaptiveGuard const guard(mutex, context);
//     while (!there_is_work) {
//         work.wait(context, mutex);
//     }
//
// Why no signal is lost. The waiter puts itself into the queue *before* it releases the mutex, so
// whoever changes the state under the mutex afterwards, and then signals, finds it in:
//
//     waiter (owns the mutex)                   signaller
//     there_is_work? no
//     lock queue, enter, unlock queue
//     unlock mutex                              lock mutex
//                                               there_is_work = true; unlock mutex
//                                               lock queue: the waiter is in; takes it out
//                                               unlock queue; wake: a call to its home CPU, which
//     switch away                               runs it after the switch
//
// From the first line to the last the waiter holds preemption off, so its home CPU cannot make it
// run again before it is off its stack. A waiter that inherited a priority through the mutex loses
// it on the way, and its place in the queue with it. Back from its sleep it takes the mutex like
// anyone, and lends the owner its priority if it has to wait.
//
// Signalling needs not own the mutex, though what it tells of must have been changed under it.
#pragma once

#include "kern/sched.hpp"
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

class Condition {
  public:
    constexpr explicit Condition(const char* name) : name_(name) {}
    Condition(Condition const&) = delete;
    Condition& operator=(Condition const&) = delete;

    // Releases the mutex, sleeps until a signal, takes the mutex again.
    void wait(MayBlock const& context, AdaptiveMutex& mutex) {
        (void)wait_until(context, mutex, kForever);
    }
    // The same until `deadline` (counter ticks) at the latest. False: no signal by then. The mutex
    // is owned again in either case, however long that takes.
    [[nodiscard]] bool wait_until(MayBlock const& context, AdaptiveMutex& mutex, u64 deadline);

    // Wakes the first waiter, or all of them, highest priority first. Nobody waits: nothing.
    void signal(MayWake const& context);
    void broadcast(MayWake const& context);

    template <Ipl L>
    void wait(TopHalf<L> const&, AdaptiveMutex&) = delete;  // a top half never blocks
    template <Ipl L>
    bool wait_until(TopHalf<L> const&, AdaptiveMutex&, u64) = delete;  // a top half never blocks
    template <Ipl L>
    void signal(TopHalf<L> const&) = delete;  // a top half schedules a continuation that signals
    template <Ipl L>
    void broadcast(TopHalf<L> const&) = delete;  // a top half schedules a continuation that does

    // Whether a thread waits. It may change at once.
    [[nodiscard]] bool has_waiters() const { return waiters_.has_waiters(); }

  private:
    WaitQueue waiters_;
    const char* name_;
};

}  // namespace pivot
