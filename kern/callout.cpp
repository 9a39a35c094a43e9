#include "kern/callout.hpp"

#include <type_traits>

#include "kern/base/atomic.hpp"
#include "kern/clock.hpp"

namespace pivot {

// A CPU's armed callouts. All but `lock` is guarded by it.
struct alignas(64) CalloutQueue {
    static constexpr u64 kLocked = 1;

    u64 word = 0;
    Heap heap;
    Callout* running = nullptr;     // softclock is between taking it and looking for the next
    u64 alarm = Clock::kNever;      // what this CPU's timer was told last
    u64 not_before = 0;             // softclock has run for long: it pauses until then
    u64 at_latest = Clock::kNever;  // it is to fire then, whatever is armed

    // Preemption is held off by the caller.
    void lock() { (void)port::Cpu::lock_word(&word); }
    void unlock() {
        PIVOT_ASSERT(atomic::load_relaxed(&word) == kLocked, "a queue of callouts is not locked");
        atomic::store_release(&word, u64{0});
    }

    // The address of an object is that of its first member, a node's so that of its callout.
    static_assert(std::is_standard_layout_v<Callout> && offsetof(Callout, node_) == 0);
    [[nodiscard]] Callout* first() const { return reinterpret_cast<Callout*>(heap.first()); }

    // When the timer of this CPU is to fire: at the time of the soonest.
    [[nodiscard]] u64 next_alarm() const {
        Callout const* const soonest = first();
        u64 due = soonest != nullptr ? soonest->node_.key() : Clock::kNever;
        due = due > not_before ? due : not_before;
        return due < at_latest ? due : at_latest;
    }
    void set_alarm() {
        alarm = next_alarm();
        Clock::alarm_at(alarm);
    }

    // After a change. While softclock runs callouts, it sets the alarm itself when it is done. A
    // change from another CPU leaves the alarm where it is: never too late, for others only take
    // out; if it is too early now, softclock looks in vain once.
    void changed(bool is_mine) {
        if (!is_mine || running != nullptr) {
            return;
        }
        if (alarm != next_alarm()) {
            set_alarm();
        }
    }

    // Locks the queue that `callout` belongs to.
    static CalloutQueue& lock_home_of(Callout& callout);
};

namespace {

constinit CalloutQueue g_queues[kMaxCpus]{};

// The first multiple of `period` from `deadline` on that lies after `now`.
u64 next_time(u64 deadline, u64 period, u64 now) {
    u64 const since = now - (now - deadline) % period;
    return period < Clock::kNever - since ? since + period : Clock::kNever;
}

}  // namespace

CalloutQueue& CalloutQueue::lock_home_of(Callout& callout) {
    for (;;) {
        u32 const cpu = atomic::load_relaxed(&callout.cpu_);
        if (cpu != Callout::kMoving) {
            CalloutQueue& queue = g_queues[cpu];
            queue.lock();
            if (atomic::load_relaxed(&callout.cpu_) == cpu) {
                return queue;
            }
            queue.unlock();
        }
        cpu_relax();  // whoever moves it has preemption held off: it will not take long
    }
}

bool Callout::arm_for(u64 deadline, u64 period) {
    NoPreemption const hold;
    u32 const here = this_cpu().id;
    CalloutQueue* queue = &CalloutQueue::lock_home_of(*this);
    bool const was_armed = is_armed();
    if (was_armed) {
        queue->heap.remove(node_);
    }
    if (queue != &g_queues[here] && queue->running != this) {
        atomic::store_relaxed(&cpu_, kMoving);
        queue->unlock();
        queue = &g_queues[here];
        queue->lock();
        atomic::store_relaxed(&cpu_, here);
    }
    period_ = period;
    queue->heap.insert(node_, deadline);
    queue->changed(queue == &g_queues[here]);
    queue->unlock();
    return was_armed;
}

bool Callout::arm_every(MayWake const&, u64 first, u64 period) {
    PIVOT_REQUIRE(period != 0, "a periodic callout has a period", name_);
    return arm_for(first, period);
}

bool Callout::arm_after_ns(MayWake const& context, u64 nanoseconds) {
    return arm(context, Clock::deadline_after_ns(nanoseconds));
}

bool Callout::arm_every_ns(MayWake const& context, u64 period) {
    u64 const ticks = Clock::ticks_of_ns(period);
    return arm_every(context, Clock::deadline_after_ns(period), ticks != 0 ? ticks : 1);
}

Cancelled Callout::cancel(MayWake const&) {
    NoPreemption const hold;
    CalloutQueue& queue = CalloutQueue::lock_home_of(*this);
    bool const was_armed = is_armed();
    if (was_armed) {
        queue.heap.remove(node_);
        queue.changed(&queue == &g_queues[this_cpu().id]);
    }
    bool const is_running = queue.running == this;
    queue.unlock();
    if (is_running) {
        return Cancelled::running;
    }
    return was_armed ? Cancelled::cancelled : Cancelled::not_armed;
}

void Callout::cancel_and_wait(MayBlock const& context) {
    constexpr u64 kStepNs = 10'000;
    while (cancel(context) == Cancelled::running) {
        Clock::sleep_ns(context, kStepNs);  // rare, and a callout's function is short
    }
}

// Asked when more have run than were armed at first: some have been armed anew, and are due again.
static bool is_over_budget(u64 ticks) { return ticks > Clock::ticks_of_ns(Callout::kBudgetNs); }

void Callout::run_due(MayWake const& context) {
    CalloutQueue& queue = g_queues[this_cpu().id];  // a bottom half does not migrate
    u64 const began = counter();
    for (u32 left = queue.heap.count();; --left) {  // of those that were armed when it began
        Callout* due;
        {
            NoPreemption const hold;
            queue.lock();
            due = queue.first();
            u64 const now = counter();
            bool const is_due = due != nullptr && due->node_.key() <= now;
            if (!is_due || (static_cast<i32>(left) <= 0 && is_over_budget(now - began))) {
                queue.running = nullptr;
                queue.not_before = is_due ? now + (now - began) : 0;
                queue.set_alarm();
                queue.unlock();
                return;
            }
            queue.heap.remove(due->node_);
            if (due->period_ != 0) {
                queue.heap.insert(due->node_, next_time(due->node_.key(), due->period_, now));
            }
            queue.running = due;
            queue.unlock();
        }  // what outranks softclock comes in here
        due->function_(context, due->owner_);
    }
}

void Callout::alarm_at_latest(u64 deadline) {
    NoPreemption const hold;
    CalloutQueue& queue = g_queues[this_cpu().id];
    queue.lock();
    queue.at_latest = deadline;
    if (deadline == Clock::kNever) {
        queue.changed(true);
    } else {
        // What is due before cannot run before, and would only make the timer fire in vain.
        queue.alarm = deadline;
        Clock::alarm_at(deadline);
    }
    queue.unlock();
}

void Callout::repeat_alarm() {
    CalloutQueue& queue = g_queues[this_cpu().id];
    queue.lock();
    if (queue.at_latest != Clock::kNever) {
        queue.alarm = queue.at_latest;
        Clock::alarm_at(queue.alarm);  // at once, if it is past
    }
    queue.unlock();
}

u32 Callout::armed_count(u32 cpu) {
    NoPreemption const hold;
    CalloutQueue& queue = g_queues[cpu];
    queue.lock();
    u32 const count = queue.heap.count();
    queue.unlock();
    return count;
}

bool Callout::next_armed(u32 cpu, CalloutView& view) {
    NoPreemption const hold;
    CalloutQueue& queue = g_queues[cpu];
    queue.lock();
    auto const* const next =
        reinterpret_cast<Callout const*>(queue.heap.next_after(view.deadline, view.order));
    if (next != nullptr) {
        view = {.name = next->name_,
                .function = reinterpret_cast<uptr>(next->function_),
                .deadline = next->node_.key(),
                .period = next->period_,
                .order = next->node_.order()};
    }
    queue.unlock();
    return next != nullptr;
}

}  // namespace pivot
