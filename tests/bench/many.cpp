// The image that measures with many: how rows grow with threads and lines, and the worst latency
// while up to a thousand threads wake and timers are due at the same time.
#include "arch/board/board.hpp"
#include "kern/main.hpp"
#include "tests/bench/crowd.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/rows.hpp"
#include "tests/bench/volley.hpp"

namespace pivot {
namespace {

using bench::Crowd;

constexpr u32 kSamples = 200;
constinit bench::Samples g_samples{};

constexpr u32 kCounts[] = {1, 10, 100, bench::kCrowd};

// -- curves

// Beside this thread, as many are ready as the point says. They are not idle: each takes its turns.
void by_threads(MayBlock const& context, bench::Run const& run, u32 count) {
    Crowd::take_turns(context, count);  // ready, for they do not outrank us
    bench::take_irq_to_handler(run);
    run.store.report_point("irq_to_handler", "threads", count);
    bench::take_irq_to_bottom_half(run);
    run.store.report_point("irq_to_bottom_half", "threads", count);
    bench::take_turns_with_ready(context, {.samples = bench::kMaxSamples, .store = run.store});
    run.store.report_point("thread_switch", "threads", count);
}

void ignore(TopHalf<Ipl::vm> const&, u32&) {}
constinit u32 g_nobody = 0;

// Requests and enables SPIs, lowest first, until there are so many.
void have_lines(u32 count) {
    static u32 have = 0;
    for (; have < count; ++have) {
        LineId const line{32 + have};
        LineError error = BoardLines::request<&ignore>(line, "crowd", g_nobody);
        PIVOT_REQUIRE(error == LineError::none, "a line cannot be had", text_of(error));
        error = BoardLines::enable(line);
        PIVOT_REQUIRE(error == LineError::none, "a line cannot be enabled", text_of(error));
    }
}

void curves(MayBlock const& context) {
    bench::Run const run{.samples = kSamples, .store = g_samples};
    u32 const all = Board::Controller::lines() - 32;  // the SPIs that this machine has
    for (u32 const count : kCounts) {
        by_threads(context, run, count);
    }
    for (u32 const many : kCounts) {
        u32 const count = many < all ? many : all;
        have_lines(count);
        bench::curve_points(context, run, "lines", count);
    }
}

// -- the worst case

// From a little before the deadline, every tick is the first of a volley's, as many as `starts`:
// the alarm's interrupt, and the way to softclock and into the first callout, at each instruction.
// What follows is the same over and over.
struct Density {
    u32 count;
    u32 starts;
};
constexpr u64 kStride = 401;
constexpr u64 kBefore = 20;
constexpr Density kDensities[] = {
    {kCounts[0], 401}, {kCounts[1], 401}, {kCounts[2], 401}, {kCounts[3], 150}};

template <typename Storm>
void worst(MayBlock const& context, const char* by, Density const& density, Storm&& storm) {
    inject::Volley volley{kStride};
    for (u32 start = 0; start < density.starts; ++start) {
        u64 const deadline = storm(density.count);
        volley.begin(deadline - kBefore + start);
        Crowd::wait_for_all(context);
        volley.end();
    }
    bench::report_worst(by, density.count, volley.result());
}

// All wake in one pass of softclock, woken by one callout.
void worst_by_threads(MayBlock const& context) {
    for (Density const& density : kDensities) {
        worst(context, "threads", density, [&](u32 count) {
            u64 const deadline = counter() + 2000;
            Crowd::wake(context, count, deadline);
            return deadline;
        });
    }
}

// All sleep until the same time: as many callouts are due at once, and each wakes a thread.
void worst_by_timers(MayBlock const& context) {
    for (Density const& density : kDensities) {
        worst(context, "timers", density, [&](u32 count) {
            u64 const deadline = counter() + 3000 + 2000 * u64{count};
            Crowd::sleep(context, count, deadline);
            return deadline;
        });
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    bench::report_begin();
    Crowd::start(context);
    curves(context);
    Crowd::raise(context);
    worst_by_threads(context);
    worst_by_timers(context);
    log("@end");
}

}  // namespace pivot
