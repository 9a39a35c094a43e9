#include "intr/continuation.hpp"

#include "kern/cpus.hpp"
#include "kern/semaphore.hpp"

namespace pivot {

bool Continuation::push_on(PerCpu& cpu) {
    for (;;) {
        if (claim()) {
            deliver(cpu);
            return true;
        }
        u64 before;
        if constexpr (kBugCancelLost) {
            return false;  // as if what is queued always ran
        }
        if (port::Cpu::store_second_if_first(reinterpret_cast<u64*>(&next),
                                             reinterpret_cast<u64>(usual), before)) {
            return before == reinterpret_cast<u64>(&nothing);
        }
    }
}

// It is queued, or was a moment ago.
bool Continuation::coalesce() { return push_on(this_cpu()); }

void Continuation::deliver(PerCpu& cpu) {
    if (&cpu == &this_cpu()) {
        link(cpu);
        return;
    }
    // Whoever let it go saw it linked, and it was linked when its call had been let go.
    away_.owner = this;
    EventTrace::note(TraceKind::send, EventTrace::address(owner), reinterpret_cast<u64>(usual),
                     static_cast<u8>(cpu.id));
    bool const sent = away_.send_held(cpu);
    PIVOT_REQUIRE(sent, "a continuation is on its way twice");
}

void Continuation::arrive(MayWake const&, Continuation& self) {
    NoPreemption const hold;
    self.link(this_cpu());
}

// -- waiting for the end

static void passed(MayBlock const& context, Semaphore& end) { end.post(context); }

// One of its level runs after all that were queued on that CPU, or on their way to it.
void Continuation::pass_through(MayBlock const& context) {
    PIVOT_REQUIRE(current_thread().base_spl() != held_at(level_),
                  "a continuation waits for its own level");
    for_each_cpu(online_set(), [&](PerCpu& cpu) {
        Semaphore end{"drain"};
        Continuation last = to<&passed>(level_, end);
        last.schedule_on(cpu, context);
        end.wait(context);
    });
}

void Continuation::drain(MayBlock const& context) { pass_through(context); }

void Continuation::cancel_and_wait(MayBlock const& context) {
    end_all(context, [](MayBlock const&, Continuation&) {});
}

// A run that had begun before may still store its own function again, and schedule itself with it;
// after the first pass none is left of those, and after the second none that they have scheduled.
void Continuation::end_all(MayBlock const& context,
                           void (*let_come)(MayBlock const&, Continuation&)) {
    Function const own = usual;
    atomic::store_release<Function>(&usual, &nothing);
    for (u32 passes = 0; passes < 2 || is_queued(); ++passes) {
        atomic::store_release<Function>(&function, &nothing);
        let_come(context, *this);
        pass_through(context);
    }
    function = usual = own;  // nobody else has it
}

// -- later

bool DelayedContinuation::schedule_at(MayWake const& context, u64 deadline) {
    NoPreemption const hold;
    return schedule_at(context, deadline, this_cpu());
}

bool DelayedContinuation::schedule_at(MayWake const& context, u64 deadline, PerCpu& cpu) {
    atomic::store_relaxed(&cpu_, &cpu);
    return callout_.arm(context, deadline);
}

void DelayedContinuation::time_has_come(MayWake const& context, DelayedContinuation& self) {
    self.schedule_on(*atomic::load_relaxed(&self.cpu_), context);
}

Cancelled DelayedContinuation::cancel(MayWake const& context) {
    Cancelled const waiting = callout_.cancel(context);
    return Continuation::cancel() ? Cancelled::cancelled : waiting;
}

void DelayedContinuation::cancel_and_wait(MayBlock const& context) {
    do {  // its function may have asked for the next time
        callout_.cancel_and_wait(context);
        Continuation::cancel_and_wait(context);
    } while (callout_.cancel(context) != Cancelled::not_armed);
}

}  // namespace pivot
