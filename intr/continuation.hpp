// Continuations: "what to do next" as an intrusive object, handed from a top half to a bottom half.
//
// Who: schedule: both, each with its token. Lock order: none; lock-free.
//
// Scheduling allocates nothing and cannot fail. Scheduled while queued is one run; scheduled while
// running is one more run (it leaves the queue before its function starts). A function may block:
// it is run by its level's bottom-half thread and gets a MayBlock token.
//
// The queue is a FIFO a CPU and level, appended to by this CPU's top halves (which nest, so the
// later push ends first) and by its threads with preemption held off; taken from by the level's
// bottom half only, all that there is at a time. An empty queue's last is its first link. A queued
// object's `next` is never null: kLast marks the end.
//
//     push (any top half)                       take (the bottom half; arch/*/switch)
//     next: null -> kLast, atomically           f = first.next; first.next = null
//       (failed: queued already, done)          l = exchange(last, &first)
//     old = exchange(last, me)                  f..l: read next; next = null; run
//     old.next = me
//     mark the level in `attention`
//
// A push interrupts a take at any instruction, never the reverse: the bottom half cannot run until
// the top half is done, so a half-linked tail is never seen, and a push between the take's two
// lines lands before l. Source of the idea: Draves, Bershad, Rashid, Dean, "Using Continuations to
// Implement Thread Management and Communication in Operating Systems", 1991.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"
#include "kern/thread.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

class Continuation : public QueuedCall {
  public:
    // A continuation that calls `Fn(MayBlock const&, T&)` on `owner` at a soft level. The token is
    // that of the bottom-half thread that runs it.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr Continuation to(Ipl level, T& owner) {
        return Continuation(level, &ThreadStart::continue_with<Fn, T>, &owner);
    }
    Continuation(Continuation const&) = delete;
    Continuation& operator=(Continuation const&) = delete;

    // Queues it on this CPU. Returns false if it was queued already: its one run will see what the
    // caller has stored by now.
    template <Ipl L>
    bool schedule(TopHalf<L> const&) {
        return push(this_cpu());
    }
    // The same from a thread; a bottom half of a higher level than the caller's runs before this
    // returns.
    bool schedule(MayWake const&) {
        NoPreemption const hold;
        return push(this_cpu());
    }

    [[nodiscard]] Ipl level() const { return level_; }
    [[nodiscard]] bool is_queued() const { return atomic::load_relaxed(&next) != nullptr; }

  private:
    constexpr Continuation(Ipl level, void (*call)(const void*, void*), void* object)
        : QueuedCall{{nullptr}, call, object},
          last_offset_(offsetof(PerCpu, soft_last) + soft_slot(level) * sizeof(Link*)),
          mark_offset_(offsetof(PerCpu, attention) + attention_byte(level)),
          level_(level) {}

    static constexpr u64 kLast = kMark;  // any value that is no address; this one is at hand

    // Claims the object for one queue; only one of several racing pushes succeeds.
    [[nodiscard]] bool claim() {
        auto* const word = reinterpret_cast<u64*>(&next);
        if constexpr (kBugDoubleQueue) {
            if (atomic::load_relaxed(word) != 0) {
                return false;
            }
            atomic::store_relaxed(word, kLast);
            return true;
        }
        return port::Cpu::acquire_if_zero(word, kLast);
    }

    bool push(PerCpu& cpu) {
        if (!claim()) {
            return false;
        }
        auto* const base = reinterpret_cast<u8*>(&cpu);
        u32 const last_offset = last_offset_;
        u32 const mark_offset = mark_offset_;
        Link* const before =
            atomic::exchange<Link*>(reinterpret_cast<Link**>(base + last_offset), this);
        atomic::store_relaxed<Link*>(&before->next, this);
        compiler_barrier();  // linked before it is announced
        *static_cast<volatile u8*>(base + mark_offset) = kMark;
        return true;
    }

    // Places in PerCpu, worked out once: the end of the level's queue, and its byte of `attention`.
    u32 last_offset_;
    u32 mark_offset_;
    Ipl level_;
};

}  // namespace pivot
