#include "kern/clock.hpp"

namespace pivot {
namespace {

constexpr u64 kNsPerSecond = 1'000'000'000;

using Alarm = void (*)(u64);
constinit Alarm g_alarm = nullptr;

u64 sum_or_never(u64 a, u64 b) { return a < Clock::kNever - b ? a + b : Clock::kNever; }

// (value * to + up) / from without an intermediate result that overflows, for frequencies below
// 4 GHz.
u64 scale(u64 value, u64 to, u64 from, u64 up) {
    u64 whole;
    if (__builtin_mul_overflow(value / from, to, &whole)) {
        return Clock::kNever;
    }
    return sum_or_never(whole, (value % from * to + up) / from);
}

}  // namespace

u64 Clock::ticks_of_ns(u64 nanoseconds) {
    return scale(nanoseconds, counter_hz(), kNsPerSecond, 0);
}

u64 Clock::ns_of_ticks(u64 ticks) { return scale(ticks, kNsPerSecond, counter_hz(), 0); }

u64 Clock::deadline_after_ns(u64 nanoseconds) {
    return sum_or_never(counter(),
                        scale(nanoseconds, counter_hz(), kNsPerSecond, kNsPerSecond - 1));
}

void Clock::set_alarm(void (*alarm)(u64)) { g_alarm = alarm; }

void Clock::alarm_at(u64 deadline) { g_alarm(deadline); }

void Clock::sleep_ns(MayBlock const& context, u64 nanoseconds) {
    Scheduler::sleep_until(context, deadline_after_ns(nanoseconds));
}

}  // namespace pivot
