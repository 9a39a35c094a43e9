// bench: one interrupt after the other, from the physical timer's deadline to the top half, to the
// bottom half and to a thread. A look, not a measurement: the image `bench` is that, with all its
// rows.
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/pivot/commands.hpp"

namespace pivot {
namespace {

constexpr u32 kSamples = 200;
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

// Kept sorted, so that the median is an element.
class Samples {
  public:
    void clear() { count_ = 0; }
    void add(u64 ticks) {
        u32 at = count_++;
        for (; at != 0 && ticks_[at - 1] > ticks; --at) {
            ticks_[at] = ticks_[at - 1];
        }
        ticks_[at] = ticks;
    }
    void print_row(const char* name) const {
        log("{-20}{8} {8} {8}", name, Clock::ns_of_ticks(ticks_[0]),
            Clock::ns_of_ticks(ticks_[count_ / 2]), Clock::ns_of_ticks(ticks_[count_ - 1]));
    }

  private:
    u64 ticks_[kSamples] = {};
    u32 count_ = 0;
};

constinit Probe g_probe{};
constinit Samples g_to_top_half{};
constinit Samples g_to_bottom_half{};
constinit Samples g_to_thread{};

void take_samples(MayBlock const& context) {
    for (u32 i = 0; i < kSamples; ++i) {
        g_probe.deadline = PhysicalTimer::now() + Clock::ticks_of_ns(kLeadNs);
        PhysicalTimer::arm(g_probe.deadline);
        g_probe.done.wait(context);
        g_to_thread.add(PhysicalTimer::now() - g_probe.deadline);
        g_to_top_half.add(g_probe.in_top_half - g_probe.deadline);
        g_to_bottom_half.add(g_probe.in_bottom_half - g_probe.deadline);
    }
}

}  // namespace

bool short_bench(MayBlock const& context, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    LineError const error =
        BoardLines::request<&top_half>(Board::kPhysicalTimerLine, "bench", g_probe);
    if (error != LineError::none) {
        log("the physical timer's line: {}", text_of(error));
        return true;
    }
    g_to_top_half.clear();
    g_to_bottom_half.clear();
    g_to_thread.clear();
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    take_samples(context);
    (void)BoardLines::release(Board::kPhysicalTimerLine);
    log("{-20}{8} {8} {8}", "ns", "min", "median", "max");
    g_to_top_half.print_row("irq_to_handler");
    g_to_bottom_half.print_row("irq_to_bottom_half");
    g_to_thread.print_row("irq_to_thread");
    return true;
}

}  // namespace pivot
