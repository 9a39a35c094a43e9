// Continuations: "what to do next" as an intrusive object, handed from a top half to a bottom half.
//
// Who: schedule: both, each with its token. Lock order: none; lock-free.
//
// Scheduling allocates nothing and cannot fail. Scheduled while queued is one run; scheduled while
// running is one more run (it leaves the queue before its function starts). A function may block: it is
// run by its level's bottom-half thread and gets a MayBlock token.
//
// The queue is a FIFO a CPU and level, appended to by this CPU's top halves (which nest, so the later
// push ends first) and by its threads with preemption held off; taken from by the level's bottom half
// only. An empty queue's tail is its stub. A queued object's `next` is never null: kLast marks the end.
//
//     push (any top half)                       take (the bottom half)
//     next: null -> kLast, atomically           first = stub.next; n = first.next
//       (failed: queued already, done)          n == kLast: stub.next = null
//     old = exchange(tail, me)                    tail: first -> stub, atomically
//     old.next = me                                 (failed: a push came between; n = first.next now)
//     mark the level in `attention`             else stub.next = n; first.next = null; run it
//
// A push interrupts a take at any instruction, never the reverse: the bottom half cannot run until the
// top half is done, so a half-linked tail is never seen. Source of the idea: Draves, Bershad, Rashid,
// Dean, "Using Continuations to Implement Thread Management and Communication", 1991.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

class Continuation;

// Mints nothing: a continuation's function gets the token of the bottom-half thread that runs it.
using ContinuationFunction = void (*)(MayBlock const& context, void* owner);

class Continuation : public Link {
  public:
    // A continuation that calls `Fn(MayBlock const&, T&)` on `owner` at a soft level.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr Continuation to(Ipl level, T& owner) {
        return Continuation(
            level,
            [](MayBlock const& context, void* object) { Fn(context, *static_cast<T*>(object)); },
            &owner);
    }
    constexpr Continuation(Ipl level, ContinuationFunction function, void* owner)
        : Link{nullptr}, function_(function), owner_(owner), level_(soft_index(level)) {}
    Continuation(Continuation const&) = delete;
    Continuation& operator=(Continuation const&) = delete;

    // Queues it on this CPU. Returns false if it was queued already: its one run will see what the
    // caller has stored by now.
    template <Ipl L>
    bool schedule(TopHalf<L> const&) {
        return push(this_cpu());
    }
    // The same from a thread; a bottom half of a higher level than the caller's runs before this returns.
    bool schedule(MayBlock const&) {
        NoPreemption const hold;
        return push(this_cpu());
    }

    [[nodiscard]] Ipl level() const {
        return static_cast<Ipl>(level_ + static_cast<u32>(Ipl::softclock));
    }
    [[nodiscard]] bool is_queued() const { return atomic::load_relaxed(&next) != nullptr; }

  private:
    friend class BottomHalf;

    static constexpr u32 soft_index(Ipl level) {
        return static_cast<u32>(level) - static_cast<u32>(Ipl::softclock);
    }
    [[nodiscard]] static Link* last_mark() { return reinterpret_cast<Link*>(1); }

    // Claims the object for one queue; only one of several racing pushes succeeds.
    [[nodiscard]] bool claim() {
        if constexpr (kBugDoubleQueue) {
            if (atomic::load_relaxed(&next) != nullptr) {
                return false;
            }
            atomic::store_relaxed(&next, last_mark());
            return true;
        }
        return atomic::acquire_if_zero(&next, last_mark());
    }

    bool push(PerCpu& cpu) {
        if (!claim()) {
            return false;
        }
        Link* const before = atomic::exchange<Link*>(&cpu.soft[level_].tail, this);
        atomic::store_relaxed<Link*>(&before->next, this);
        compiler_barrier();  // linked before it is announced
        spl_mark(cpu, level_ + attention_byte(Ipl::softclock));
        return true;
    }

    // The first of a queue, taken out; null if there is none.
    [[nodiscard]] static Continuation* take(SoftQueue& queue);

    ContinuationFunction function_;
    void* owner_;
    u32 level_;  // 0 = softclock
};

}  // namespace pivot
