// Rows of the shell's `bench`: one interrupt after the other, from the physical timer's deadline to
// the top half, to the bottom half and to a thread, the CPU idle before. A look, not a measurement:
// the image `bench` is that, with all its rows.
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/pivot/extend.hpp"
#include "kern/semaphore.hpp"

namespace pivot {
namespace {

constexpr u64 kLeadNs = 50'000;  // from arming to the deadline: time to fall asleep

struct Probe;
void bottom_half(MayBlock const& context, Probe& probe);

struct Probe {
    u64 deadline = 0;
    u64 in_top_half = 0;
    u64 in_bottom_half = 0;
    Continuation next = Continuation::to<&bottom_half>(Ipl::softserial, *this);
    Semaphore done{"bench"};
};

void top_half(TopHalf<Ipl::sched> const& context, Probe& probe) {
    probe.in_top_half = PhysicalTimer::now();
    PhysicalTimer::quiet();
    probe.next.schedule(context);
}

void bottom_half(MayBlock const& context, Probe& probe) {
    probe.in_bottom_half = PhysicalTimer::now();
    probe.done.post(context);
}

constinit Probe g_probe{};

bool open(MayBlock const&) {
    LineError const error =
        BoardLines::request<&top_half>(Board::kPhysicalTimerLine, "bench", g_probe);
    if (error != LineError::none) {
        log("the physical timer's line: {}", text_of(error));
        return false;
    }
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    return true;
}

void close(MayBlock const&) { (void)BoardLines::release(Board::kPhysicalTimerLine); }

// Until the thread that waits runs again.
u64 to_thread(MayBlock const& context) {
    g_probe.deadline = PhysicalTimer::now() + Clock::ticks_of_ns(kLeadNs);
    PhysicalTimer::arm(g_probe.deadline);
    g_probe.done.wait(context);
    return PhysicalTimer::now() - g_probe.deadline;
}

u64 to_top_half(MayBlock const& context) {
    (void)to_thread(context);
    return g_probe.in_top_half - g_probe.deadline;
}

u64 to_bottom_half(MayBlock const& context) {
    (void)to_thread(context);
    return g_probe.in_bottom_half - g_probe.deadline;
}

PIVOT_ROW(g_top_half) = {"irq_to_handler", "idle: a line's top half", &to_top_half, &open, &close};
PIVOT_ROW(g_bottom_half) = {"irq_to_bottom_half", "idle: its continuation", &to_bottom_half, &open,
                            &close};
PIVOT_ROW(g_thread) = {"irq_to_thread", "idle: the thread that waits for it", &to_thread, &open,
                       &close};

}  // namespace
}  // namespace pivot
