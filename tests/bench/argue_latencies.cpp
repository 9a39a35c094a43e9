// How long the device waits, in each scenario.
//
// A sample is one byte in a FIFO of one. The interval begins when the byte has arrived, which
// asserts the line, and ends with the first read of the status register: the device is *served*.
// The byte is *handed on* when the line discipline has it, under the driver's lock.
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "tests/bench/argue_load.hpp"
#include "tests/bench/argue_rows.hpp"
#include "tests/bench/crowd.hpp"
#include "tests/bench/rows.hpp"

namespace pivot::bench {
namespace {

constinit ArguePort& g_port = argue_port;
constinit Samples g_served{};
constinit Samples g_handed{};

// Before the byte comes: arming is over, and whoever is to be interrupted runs.
constexpr u32 kAhead = 3000;
// Between two samples everything has come to rest.
constexpr u64 kRest = 20'000;

// What is left of the owner's work when the line is asserted, evenly spread: instructions, or
// nanoseconds of its sleep.
constexpr u32 kLongestRest = 20'000;
constexpr u32 kLongestSleep = 100'000;

u32 spread(u32 i, u32 longest) { return (4 + i * 7919 % (longest - 4)) & ~1u; }

// -- the scenarios; each takes one sample

void take_idle(MayBlock const& context, u32 i) {
    g_port.forget_times();
    u64 const asserted = argue_arm(g_port, kAhead + i % 97);
    while (g_port.handed_at == 0) {
        Scheduler::sleep_until(context, asserted + kRest);
    }
}

void take_free(MayBlock const&, u32 i) {
    g_port.forget_times();
    (void)argue_arm(g_port, kAhead + i % 97);
    argue_spin(g_port);
}

void take_preempted(MayBlock const& context, u32 i) {
    argue_take_held(context, g_port, Owner::preempted, spread(i, kLongestRest), kAhead + i % 97);
}

void take_sleeps(MayBlock const& context, u32 i) {
    argue_take_held(context, g_port, Owner::sleeps, spread(i, kLongestSleep), kAhead + i % 97);
}

void take_elsewhere(MayBlock const& context, u32 i) {
    argue_take_held(context, g_port, Owner::elsewhere, spread(i, kLongestRest), kAhead + i % 97);
}

// -- deep nesting: two top halves of other lines are on the interrupt stack, one on the other, each
// with this much left to do when the line is asserted.

constexpr u32 kNested = 2000;

constexpr LineId kLower = Board::kSpareLines[0];
constexpr LineId kUpper = Board::kSpareLines[1];

void require(LineError error) {
    PIVOT_REQUIRE(error == LineError::none, "a spare line cannot be had", text_of(error));
}

void pend(LineId line) {
    require(BoardLines::pend(line));
    port::dsb_sy();  // the controller has been told
    port::isb();     // and what it signals is taken here
}

void lower_top_half(TopHalf<Ipl::vm> const&, u32&) {
    pend(kUpper);
    compute(kNested);
}

void upper_top_half(TopHalf<Ipl::sched> const&, u32& i) {
    (void)argue_arm(g_port, kAhead + i % 97);
    compute(kAhead + 97 + kNested);
}

template <auto Fn>
void request_edge(LineId line, u32& i) {
    require(BoardLines::request<Fn>(line, "argue nest", i));
    require(BoardLines::set_trigger(line, Trigger::edge));
    require(BoardLines::enable(line));
}

void take_nested(MayBlock const&, u32 i) {
    static u32 phase = 0;
    static bool requested = false;
    if (!requested) {
        requested = true;
        request_edge<&lower_top_half>(kLower, phase);
        request_edge<&upper_top_half>(kUpper, phase);
    }
    phase = i;
    g_port.forget_times();
    pend(kLower);
    argue_spin(g_port);
}

// -- what is done with them

struct Scenario {
    const char* name;
    void (*take)(MayBlock const& context, u32 i);
};

void take(MayBlock const& context, Scenario const& scenario, ArgueModel const& model, u32 samples) {
    model.open(context, g_port);
    g_served.clear();
    g_handed.clear();
    for (u32 i = 0; i < samples; ++i) {
        scenario.take(context, i);
        g_served.add(g_port.served_at - g_port.asserted_at);
        g_handed.add(g_port.handed_at - g_port.asserted_at);
        Scheduler::sleep_until(context, counter() + kRest);
    }
    model.close(context);
    Spread const served = g_served.spread();
    Spread const handed = g_handed.spread();
    log("@served model={} scenario={} min={} median={} p99={} max={} samples={} handed_median={} "
        "handed_max={}",
        model.name, scenario.name, served.min, served.median, served.p99, served.max, samples,
        handed.median, handed.max);
}

void take_all(MayBlock const& context, Scenario const& scenario, u32 samples) {
    for (ArgueModel const& model : argue_models()) {
        take(context, scenario, model, samples);
    }
}

// A thousand threads are ready, at the priority of the one that is interrupted. They run while it
// sleeps between two samples.
volatile bool g_crowd_rests = false;

void take_with_crowd(MayBlock const& context, u32 samples) {
    Crowd::start(context);
    Crowd::take_turns(context, kCrowd);
    take_all(context, {.name = "crowd", .take = &take_free}, samples);
    g_crowd_rests = true;
    Scheduler::yield(context);
}

constexpr Scenario kAlone[] = {
    {.name = "idle", .take = &take_idle},           {.name = "free", .take = &take_free},
    {.name = "preempted", .take = &take_preempted}, {.name = "sleeps", .take = &take_sleeps},
    {.name = "nested", .take = &take_nested},
};
constexpr Scenario kWithAnother = {.name = "elsewhere", .take = &take_elsewhere};

}  // namespace

void take_turns(MayBlock const& context) {
    while (!g_crowd_rests) {
        Scheduler::yield(context);
    }
}

void argue_latencies(MayBlock const& context, u32 samples) {
    {
        AdaptiveGuard const guard(g_port.lock, context);  // its first use is another matter
    }
    if (cpus_online() > 1) {
        argue_owner_start(g_port, 1);
        take_all(context, kWithAnother, samples);
        return;
    }
    argue_owner_start(g_port, 0);
    for (Scenario const& scenario : kAlone) {
        take_all(context, scenario, samples);
    }
    take_with_crowd(context, samples);
}

}  // namespace pivot::bench
