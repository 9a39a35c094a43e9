// Continuations: "what to do next" as an intrusive object, handed from a top half to a bottom half.
//
// Who: schedule, schedule_on: both, each with its token. cancel: both. drain, cancel_and_wait:
// threads. Lock order: none; lock-free.
//
// Scheduling allocates nothing and cannot fail. Scheduled while queued is one run; scheduled while
// running is one more run (it leaves the queue before its function starts). A function may block:
// it is run by its level's bottom-half thread and gets a MayBlock token. It may name the next
// continuation by returning it. A level runs in the order of scheduling, a higher level first.
//
// The queue is a FIFO a CPU and level, appended to by this CPU's top halves (which nest, so the
// later push ends first) and by its threads with preemption held off; taken from by the level's
// bottom half only, all that there is at a time. An empty queue's last is its first link. A queued
// object's `next` is never null: kLast marks the end.
//
//     push (any top half)                       take (the bottom half; arch/*/switch)
//     next: null -> kLast, atomically           f = first.next; first.next = null
//       (failed: queued already, see below)     l = exchange(last, &first)
//     old = exchange(last, me)                  f..l: {next, function} -> {null, usual}, in one
//     old.next = me                                   step; call the function that it had
//     mark the level in `attention`
//
// A push interrupts a take at any instruction, never the reverse: the bottom half cannot run until
// the top half is done, so a half-linked tail is never seen, and a push between the take's two
// lines lands before l.
//
// Cancelling leaves the object where it is and changes what its run will call: `function`, from the
// usual one to one that does nothing. Scheduling a cancelled one changes it back. All three look at
// `next` and `function` in one step, so the run that was due is cancelled, or it has begun; there
// is no third.
//
//     cancel                                    schedule, of one that is queued
//     next not null?  function -> nothing       next not null?  function -> usual
//       was it the usual one? cancelled           was it `nothing`? one more run is due
//     else: it is not queued                    else: let go meanwhile; push it
//
// Another CPU's queue is not touched: an object that is scheduled there is claimed here and goes
// there by a cross call, which links it.
//
// Source of the idea: Draves, Bershad, Rashid, Dean, "Using Continuations to Implement Thread
// Management and Communication in Operating Systems", 1991.
#pragma once

#include <concepts>
#include <type_traits>

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"
#include "kern/callout.hpp"
#include "kern/thread.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

class Continuation : public SoftCall {
  public:
    // A continuation that calls `Fn(MayBlock const&, T&)` on `owner` at a soft level. The token is
    // that of the bottom-half thread that runs it. If Fn returns a Continuation*, that one is
    // scheduled next, unless it is null.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr Continuation to(Ipl level, T& owner) {
        return Continuation(level, function_of<Fn, T>(), &owner);
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

    // The same on a chosen CPU. One that is queued already stays where it is; one that runs
    // elsewhere may run here at the same time.
    template <Ipl L>
    bool schedule_on(PerCpu& cpu, TopHalf<L> const&) {
        return push_on(cpu);
    }
    bool schedule_on(PerCpu& cpu, MayWake const&) {
        NoPreemption const hold;
        return push_on(cpu);
    }

    // Takes back what was scheduled. True: a run was due, and it will not come until this is
    // scheduled again. False: none was, or it has begun. The object itself may stay queued.
    bool cancel() { return change_function(&nothing, usual); }

    // Returns when every run has ended that was due or had begun on any CPU. Not from a
    // continuation of its own level, which would wait for itself.
    void drain(MayBlock const& context);

    // Cancels it and waits until it neither runs nor is queued: what it uses may go, and it may.
    // What its own function schedules meanwhile is cancelled, too; nobody else may.
    void cancel_and_wait(MayBlock const& context);

    // The soft level at which it runs.
    [[nodiscard]] Ipl level() const { return level_; }
    // Whether it is queued or on its way, its run cancelled or not. Both; it may change at once.
    [[nodiscard]] bool is_queued() const { return atomic::load_acquire(&next) != nullptr; }

  protected:
    using Function = void (*)(const void*, void*);
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr Function function_of() {
        if constexpr (kNamesNext<Fn, T>) {
            return &ThreadStart::continue_with<&run_and_name_next<Fn, T>, T>;
        } else {
            return &ThreadStart::continue_with<Fn, T>;
        }
    }

    constexpr Continuation(Ipl level, Function call, void* object)
        : SoftCall{{{nullptr}, call, object}, call},
          last_offset_(offsetof(PerCpu, soft_last) + soft_slot(level) * sizeof(Link*)),
          mark_offset_(offsetof(PerCpu, attention) + attention_byte(level)),
          level_(level),
          away_(&ThreadStart::wake_with<&Continuation::arrive, Continuation>, nullptr) {}

    // For queues of other kinds that an object waits in before it goes to its level's: claimed, it
    // is in nobody's. Only one of several racing claims succeeds.
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
    // What a claim has got goes to its level's queue on that CPU. Preemption is held off.
    void deliver(PerCpu& cpu);

    // cancel_and_wait, of one that may wait elsewhere: `let_come` sees to it that it goes on.
    void end_all(MayBlock const& context, void (*let_come)(MayBlock const&, Continuation&));

    static constexpr u64 kLast = kMark;  // any value that is no address; this one is at hand

  private:
    template <auto Fn, typename T>
    static constexpr bool kNamesNext =
        std::same_as<std::invoke_result_t<decltype(Fn), MayBlock const&, T&>, Continuation*>;
    template <auto Fn, typename T>
    static void run_and_name_next(MayBlock const& context, T& owner) {
        if (Continuation* const after = Fn(context, owner); after != nullptr) {
            after->schedule(context);
        }
    }
    static void nothing(const void*, void*) {}
    static void arrive(MayWake const&, Continuation& self);

    // If it is queued: what its run calls is `wanted` from now on. True: it was `expected`.
    bool change_function(Function wanted, Function expected) {
        u64 before;
        return port::Cpu::store_second_if_first(reinterpret_cast<u64*>(&next),
                                                reinterpret_cast<u64>(wanted), before) &&
               before == reinterpret_cast<u64>(expected);
    }

    bool push(PerCpu& cpu) {
        if (!claim()) [[unlikely]] {
            return coalesce();
        }
        link(cpu);
        return true;
    }
    [[nodiscard]] bool push_on(PerCpu& cpu);
    [[nodiscard, gnu::cold]] bool coalesce();
    void pass_through(MayBlock const& context);

    // To the end of this CPU's queue of the level.
    void link(PerCpu& cpu) {
        EventTrace::note(TraceKind::schedule, EventTrace::address(owner),
                         reinterpret_cast<u64>(usual), static_cast<u8>(level_));
        auto* const base = reinterpret_cast<u8*>(&cpu);
        u32 const last_offset = last_offset_;
        u32 const mark_offset = mark_offset_;
        Link* const before =
            atomic::exchange<Link*>(reinterpret_cast<Link**>(base + last_offset), this);
        atomic::store_relaxed<Link*>(&before->next, this);
        compiler_barrier();  // linked before it is announced
        *static_cast<volatile u8*>(base + mark_offset) = kMark;
    }

    // Places in PerCpu, worked out once: the end of the level's queue, and its byte of `attention`.
    u32 last_offset_;
    u32 mark_offset_;
    Ipl level_;
    // On its way to another CPU. Its owner, this, is stored when it is sent: an object that points
    // into itself from the beginning cannot be a member of every constinit one.
    CrossCall away_;
};

// A continuation that is scheduled later, by a callout.
//
// Who: threads and bottom halves, up to softserial; cancel_and_wait: threads. Lock order: as
// callouts (kern/callout.hpp).
class DelayedContinuation : public Continuation {
  public:
    // One that calls `Fn(MayBlock const&, T&)` on `owner` when it is due. The name is for listings.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr DelayedContinuation to(Ipl level, T& owner,
                                                          const char* name = "delayed") {
        return DelayedContinuation(level, function_of<Fn, T>(), &owner, name);
    }

    // Schedules it when the counter has reached `deadline`, on the CPU that calls this, or on
    // `cpu`. If it waits for another time already, this is its time from now on; returns whether it
    // did.
    bool schedule_at(MayWake const& context, u64 deadline);
    bool schedule_at(MayWake const& context, u64 deadline, PerCpu& cpu);

    // As Callout::cancel, and a run that is due by now is cancelled, too. `running`: its time has
    // come just now, and the run may come yet.
    Cancelled cancel(MayWake const& context);
    void cancel_and_wait(MayBlock const& context);

  private:
    constexpr DelayedContinuation(Ipl level, Function call, void* object, const char* name)
        : Continuation(level, call, object),
          callout_(Callout::to<&DelayedContinuation::time_has_come>(*this, name)) {}
    static void time_has_come(MayWake const& context, DelayedContinuation& self);

    Callout callout_;
    PerCpu* cpu_ = nullptr;
};

}  // namespace pivot
