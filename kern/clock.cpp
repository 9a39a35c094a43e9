#include "kern/clock.hpp"

#include "kern/wait.hpp"

namespace pivot {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

constinit Thread* g_sleepers[kMaxCpus] = {};
using Alarm = void (*)(u64);
constinit Alarm g_alarm = nullptr;

// value * to / from, without losing the high bits of the product for any time below centuries.
u64 scale(u64 value, u64 to, u64 from) { return value / from * to + value % from * to / from; }

}  // namespace

u64 Clock::ticks_of_ns(u64 nanoseconds) { return scale(nanoseconds, counter_hz(), kNsPerSecond); }

u64 Clock::ns_of_ticks(u64 ticks) { return scale(ticks, kNsPerSecond, counter_hz()); }

void Clock::set_alarm(void (*alarm)(u64)) { g_alarm = alarm; }

void Clock::insert(Thread& thread) {
    Thread** place = &g_sleepers[this_cpu().id];
    while (*place != nullptr && (*place)->wake_at_ <= thread.wake_at_) {
        place = &(*place)->next_;
    }
    thread.next_ = *place;
    *place = &thread;
    if (g_sleepers[this_cpu().id] == &thread) {
        g_alarm(thread.wake_at_);
    }
}

void Clock::wake_due() {
    NoPreemption const hold;
    Thread*& first = g_sleepers[this_cpu().id];
    u64 const now = counter();
    while (first != nullptr && first->wake_at_ <= now) {
        Thread& due = *first;
        first = due.next_;
        Scheduler::ready(due);
    }
    if (first != nullptr) {
        g_alarm(first->wake_at_);
    }
}

void Clock::sleep_ns(MayBlock const& context, u64 nanoseconds) {
    Scheduler::sleep_until(context, counter() + ticks_of_ns(nanoseconds));
}

void Scheduler::sleep_until(MayBlock const&, u64 deadline) {
    assert_may_block("sleep");
    NoPreemption const hold;
    Thread& self = current_thread();
    self.wake_at_ = deadline;
    Clock::insert(self);
    block(ThreadState::sleeping);
}

}  // namespace pivot
