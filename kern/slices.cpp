// Time slices: threads that have one take turns within their priority.
//
// One timer a CPU, which runs only while such a thread waits for its turn there, so a CPU without
// competition has no tick.
#include "kern/callout.hpp"
#include "kern/sched.hpp"

namespace pivot {

struct SliceTimer {
    constexpr SliceTimer() : callout(Callout::to<&SliceTimer::over>(*this, "slice")) {}

    static void over(MayWake const& context, SliceTimer& timer) {
        NoPreemption const hold;
        PerCpu& cpu = this_cpu();
        timer.levels &= cpu.run->occupied;
        if (timer.levels == 0) {
            return;  // nobody waits who takes turns
        }
        Scheduler::ask_resched(cpu, Scheduler::kRotate);
        timer.callout.arm(context, counter() + timer.ticks);
    }

    void begin(MayWake const& context, u32 priority, u64 slice) {
        bool const runs = levels != 0;
        levels |= u64{1} << priority;
        if (!runs) {
            ticks = slice;
            callout.arm(context, counter() + slice);
        } else if (slice < ticks) {
            ticks = slice;  // from the next turn on
        }
    }

    u64 levels = 0;  // bit p: somebody with a slice, or behind one, has been queued at p
    u64 ticks = 0;
    Callout callout;
};

namespace {

constinit SliceTimer g_timers[kMaxCpus]{};

}  // namespace

// The thread has just been put at the end of its priority's queue; it or the running one has a
// slice.
void Scheduler::begin_slices(Thread const& thread) {
    PerCpu& cpu = this_cpu();
    Thread const& running = running_thread(cpu);
    bool const compete = running.slice_ != 0 && running.priority_ == thread.priority_;
    u64 const slice = compete ? running.slice_ : thread.slice_;
    if (slice != 0) {
        ThreadStart::with_token([&](MayWake const& context) {
            g_timers[cpu.id].begin(context, thread.priority_, slice);
        });
    }
}

}  // namespace pivot
