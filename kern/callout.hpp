// Callouts: a function that is called at a time, as an intrusive object.
//
// Who: arm, arm_every, cancel: threads and bottom halves (MayWake), on any CPU, at any SPL up to
// softserial. A top half does not: its overloads are deleted; it schedules a continuation that
// arms. The function runs in the softclock bottom half with a MayWake token: it may wake, arm,
// cancel, schedule and take spin mutexes, but it cannot wait.
// Lock order: each CPU's queue has a lock of its own, which is the last one: nothing is taken while
// it is held. One queue at a time. The function is called with nothing held.
//
// A callout is armed on the CPU that arms it and runs there. That CPU's queue is a heap, so arming
// and cancelling take a bounded number of steps (kern/base/heap.hpp). The queue's lock is a bit,
// taken with preemption held off: its holder is always running, and a top half never wants it.
//
// Which queue a callout belongs to is in `cpu_`. It changes only under the lock of the queue that
// it leaves, so whoever has locked a queue and still finds the callout there owns it:
//
//     CPU 0: c.arm(...)                        CPU 1: c.cancel()
//     lock queue 2, c is there
//     take c out, c.cpu_ = kMoving             lock queue 2 ...
//     unlock queue 2                           ... got it; c.cpu_ is kMoving: unlock, look again
//     lock queue 0, c.cpu_ = 0
//     put c in, unlock queue 0                 lock queue 0, c is there: take it out
//
// While its function runs, a callout stays where it is, armed again or not, so it never runs twice
// at a time: the queue's `running` tells. A periodic callout is armed for its next time before its
// function is called, so the function may change or cancel that, and so may anyone else meanwhile.
#pragma once

#include "kern/base/heap.hpp"
#include "spl/context.hpp"

namespace pivot {

// What a cancel found.
enum class [[nodiscard]] Cancelled : u8{
    cancelled,  // it was armed, and will not run
    not_armed,  // it has run already, or was never armed; it is not running
    running,    // its function runs now, and will not run again if that does not arm it
};

// What a listing shows of an armed callout.
struct CalloutView {
    const char* name;  // as Callout::to was given it
    uptr function;     // what calls its Fn; its symbol names that
    u64 deadline;      // counter ticks
    u64 period;        // counter ticks; 0: it runs once
    u64 order;         // in which it was set: of two for the same time the first runs first
};

class Callout {
  public:
    // A callout that calls `Fn(MayWake const&, T&)` on `owner`. The name is for listings.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr Callout to(T& owner, const char* name = "callout") {
        return Callout(&call<Fn, T>, &owner, name);
    }
    Callout(Callout const&) = delete;
    Callout& operator=(Callout const&) = delete;

    // To run once when the counter has reached `deadline`; at once if that is past. If it is armed
    // already, this is its time from now on; returns whether it was.
    bool arm(MayWake const&, u64 deadline) { return arm_for(deadline, 0); }

    // To run at `first`, `first + period`, `first + 2 * period` and so on; counter ticks. A time
    // that has passed before the function could be called for it is left out: it is called once,
    // late, and the next time is the next multiple. `period` is not 0.
    bool arm_every(MayWake const&, u64 first, u64 period);

    // The same from now on, in nanoseconds: never early.
    bool arm_after_ns(MayWake const& context, u64 nanoseconds);
    bool arm_every_ns(MayWake const& context, u64 period);

    // It will not run any more. Does not wait for a run that has begun.
    Cancelled cancel(MayWake const&);

    // The same, and when this returns, its function does not run: what it uses may go. If the
    // function arms the callout, that counts as another arm, after the cancel. Not for softclock's
    // own continuations, which cannot wait.
    void cancel_and_wait(MayBlock const& context);

    template <Ipl L>
    bool arm(TopHalf<L> const&, u64) = delete;  // a top half schedules a continuation that arms
    template <Ipl L>
    bool arm_every(TopHalf<L> const&, u64, u64) = delete;  // a top half schedules a continuation
    template <Ipl L>
    bool arm_after_ns(TopHalf<L> const&, u64) = delete;  // a top half schedules a continuation
    template <Ipl L>
    bool arm_every_ns(TopHalf<L> const&, u64) = delete;  // a top half schedules a continuation
    template <Ipl L>
    Cancelled cancel(TopHalf<L> const&) = delete;  // the queue is not guarded against top halves

    // As of now, unless the caller keeps others away.
    [[nodiscard]] bool is_armed() const { return node_.is_in_heap(); }
    // What listings call it.
    [[nodiscard]] const char* name() const { return name_; }

    // How many are armed on a CPU, and each in turn: the first after `view`; start with a view that
    // is all 0. False: that was the last.
    [[nodiscard]] static u32 armed_count(u32 cpu);
    [[nodiscard]] static bool next_armed(u32 cpu, CalloutView& view);

    // softclock runs what was armed when it began, and for this long what has been armed since and
    // is due already; then it pauses for as long as it has run, so that callouts which are always
    // due leave threads half of the CPU.
    static constexpr u64 kBudgetNs = 1'000'000;

    // This CPU's alarm goes off then, at the latest; Clock::kNever: when a callout is due. For
    // whoever keeps softclock from running. An alarm that goes off before, for a callout that has
    // been armed since, is over then: ask again.
    static void alarm_at_latest(u64 deadline);
    // Sets that alarm again, for whoever may have missed it. Preemption is held off by the caller.
    static void repeat_alarm();

  private:
    friend class Clock;
    friend struct CalloutQueue;

    static constexpr u32 kMoving = ~u32{0};  // cpu_ of one that is on its way to another queue

    constexpr Callout(void (*function)(MayWake const&, void*), void* owner, const char* name)
        : function_(function), owner_(owner), name_(name) {}

    template <auto Fn, typename T>
    static void call(MayWake const& context, void* owner) {
        Fn(context, *static_cast<T*>(owner));
    }

    bool arm_for(u64 deadline, u64 period);
    // Runs what is due on this CPU and sets its alarm for the next; softclock.
    static void run_due(MayWake const& context);

    HeapNode node_;  // first: a node's address is its callout's
    void (*function_)(MayWake const&, void*);
    void* owner_;
    const char* name_;
    u64 period_ = 0;
    u32 cpu_ = 0;  // whose queue it is in, or was in last
};

}  // namespace pivot
