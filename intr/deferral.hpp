// Deferral: what a top half does that needs what an adaptive mutex guards.
//
// Who: lock_or_defer: top halves. LockedContinuation: schedule: both; the rest: threads. Deferral's
// switch and counts: both.
// Lock order: the mutex is taken under nothing, released before the top half returns.
//
//     constinit AdaptiveMutex mutex{"port"};
//     constinit auto after = LockedContinuation::to<&serve>(Ipl::softserial, mutex, port);
//
//     LineEnd top_half(TopHalf<Ipl::vm> const& context, Port& port) {
//         auto const lock = lock_or_defer(context, mutex, after);
//         if (lock.is_taken()) {
//             ...                      // as the owner; no other CPU, no thread of this one
//         }
//         return lock.end();           // not deactivated, if serve has yet to run
//     }
//     void serve(MayBlock const& context, Port& port) { ... }     // as the owner, too
//
// A top half never waits for something that cannot go on. So there are three cases:
//
//     nobody owns it                     taken, in the name of the interrupted thread
//     the owner runs on another CPU      spun for, kLongestSpinNs at most: it will be done soon
//     it does not: it is preempted,      deferred: the continuation is left on the mutex, the owner
//       asleep, or the very thread       inherits the level's priority, and the line stays active
//       that was interrupted here        until the continuation has run
//
// Two top halves on two CPUs, each spinning for what the other's interrupted thread owns, would
// spin for ever; the bound is what gets them out.
//
// A deferred continuation waits *on the mutex*, in no queue and in no thread. The release hands all
// that is left there to the bottom halves of the CPUs that they belong to. There is no hand-over:
// in its turn the continuation tries the mutex (and spins, bounded, as above); if somebody else has
// it by then, it goes back onto the mutex, and the bottom half goes on with the others. When it has
// the mutex it runs its function, releases it, and lets go of the line.
//
//     line              mutex's owner T (preempted)        bottom half
//     fires
//     lock_or_defer:
//       hold the line
//       leave c on the mutex, deferred bit
//       call this CPU: lend
//     exit: drop only
//                       lent softserial's priority
//                       runs on; unlock: slow way
//                         delivers c ------------------->  c: try_lock: taken
//                         T's own priority again             serve(); unlock
//                                                            let go of the line: deactivated
//     fires <----------------------------------------------
//
// The lines that a run lets go of are those that were attached before it had the mutex. A top half
// attaches its line first and schedules then; so what is attached later has a later run.
//
// Who lends: a deferral sends a call to its own CPU (kern/cross_call.hpp), for the turnstiles are
// not for top halves. A call is not held up by a softserial continuation that blocks.
#pragma once

#include "intr/continuation.hpp"
#include "intr/line.hpp"
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

// A continuation that runs with a mutex held: what lock_or_defer hands the work to.
class LockedContinuation : public Continuation {
  public:
    // How many lines may be deferred to one continuation at a time.
    static constexpr u32 kMostLines = 4;

    // A continuation that calls `Fn(MayBlock const&, T&)` with `mutex` held.
    template <auto Fn, typename T>
    [[nodiscard]] static constexpr LockedContinuation to(Ipl level, AdaptiveMutex& mutex,
                                                         T& owner) {
        return LockedContinuation(level, mutex, &run_locked<Fn, T>, &owner);
    }

    // As those of Continuation; of a run that will not come, the lines are let go of. Nobody may
    // defer to it meanwhile: the lines have been disabled. Not with the mutex held.
    bool cancel(MayWake const& context);
    void cancel_and_wait(MayBlock const& context);
    void drain(MayBlock const& context);

    // The mutex that it runs under.
    [[nodiscard]] AdaptiveMutex& mutex() const { return mutex_; }

  private:
    friend struct Deferral;
    friend void deliver_deferred(Link* newest);
    using Locked = void (*)(MayBlock const& context, void* object);

    constexpr LockedContinuation(Ipl level, AdaptiveMutex& mutex, Locked call, void* object)
        : Continuation(level, function_of<&LockedContinuation::turn, LockedContinuation>(), this),
          mutex_(mutex),
          locked_(call),
          object_(object),
          lend_(CrossCall::to<&LockedContinuation::lend>(*this)) {}

    template <auto Fn, typename T>
    static void run_locked(MayBlock const& context, void* object) {
        Fn(context, *static_cast<T*>(object));
    }
    static void turn(MayBlock const& context, LockedContinuation& self);
    static void lend(MayWake const& context, LockedContinuation& self);
    static void leave_mutex(MayBlock const& context, Continuation& continuation);

    [[nodiscard]] bool obtain(MayBlock const& context);
    void attach(u32 intid);
    [[nodiscard]] u32 take_lines();
    void let_go(MayWake const& context, u32 taken);
    // Onto the mutex; to its level's queue if that is free.
    void leave();
    [[nodiscard]] u32 priority() const { return kRunLevels - 1 - soft_slot(level()); }

    AdaptiveMutex& mutex_;
    Locked locked_;
    void* object_;
    PerCpu* cpu_ = nullptr;  // to whose bottom half it goes; whoever has claimed it writes this
    CrossCall lend_;
    AttachedLine lines_[kMostLines]{};
};

// What has become of lock_or_defer. Releases the mutex at its end, if it was taken.
class [[nodiscard]] TopHalfLock {
  public:
    [[nodiscard("the mutex is released at once")]] TopHalfLock(AdaptiveMutex& mutex, bool is_taken)
        : mutex_(mutex), is_taken_(is_taken) {}
    TopHalfLock(TopHalfLock const&) = delete;
    TopHalfLock& operator=(TopHalfLock const&) = delete;
    ~TopHalfLock();

    // Whether the mutex was had, so that the work may be done here and now.
    [[nodiscard]] bool is_taken() const { return is_taken_; }
    // What the top half returns.
    [[nodiscard]] LineEnd end() const;

  private:
    AdaptiveMutex& mutex_;
    bool is_taken_;
};

struct Deferral {
    // How long a top half spins for an owner that runs. A few times what a mutex is held for by
    // somebody who does not sleep, and less than a UART takes to fill a FIFO of 16 at 4 MBd, 40 us.
    static constexpr u64 kLongestSpinNs = 5'000;

    // How often, on all lines together.
    struct Counts {
        u64 taken = 0;     // it was free
        u64 spun = 0;      // it came free in time
        u64 deferred = 0;  // the work was left to the continuation
    };
    // By now; what a line has counted is gone when it is released. Both.
    [[nodiscard]] static Counts counts();

    // A deferral is a panic, which names line, mutex and owner: for systems that claim that they
    // have none.
    static void panic_on_defer(bool on);
    [[nodiscard]] static bool panics_on_defer();

  private:
    template <Ipl L>
    friend TopHalfLock lock_or_defer(TopHalf<L> const&, AdaptiveMutex&, LockedContinuation&);

    enum class Outcome : u8 { taken, deferred, queued };
    // `queued`: the continuation was queued already; it is still to be scheduled once more.
    [[nodiscard]] static Outcome take_or_defer(u32 intid, AdaptiveMutex& mutex,
                                               LockedContinuation& continuation);
    [[nodiscard]] static bool spin(AdaptiveMutex& mutex);
    static void refuse(u32 intid, AdaptiveMutex const& mutex);
};

// Takes the mutex, or leaves `continuation`, which is one of that mutex's, on it.
template <Ipl L>
[[nodiscard]] TopHalfLock lock_or_defer(TopHalf<L> const& context, AdaptiveMutex& mutex,
                                        LockedContinuation& continuation) {
    using Outcome = Deferral::Outcome;
    Outcome const outcome = Deferral::take_or_defer(line_of(context).number, mutex, continuation);
    if (outcome == Outcome::queued) [[unlikely]] {
        continuation.schedule(context);
    }
    return TopHalfLock(mutex, outcome == Outcome::taken);
}

}  // namespace pivot
