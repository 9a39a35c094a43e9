// bench and inject of what is registered (kern/pivot/extend.hpp): commands of the shell, for
// people; and programs that print records, for qemu/sdk.py.
#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/pivot/extend.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "spl/spl.hpp"
#include "tests/bench/campaign.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/samples.hpp"

namespace pivot {
namespace {

constinit bench::Samples g_samples{};

// False if the row cannot be measured now.
bool take(MayBlock const& context, Row const& row, u32 samples) {
    if (row.open != nullptr && !row.open(context)) {
        return false;
    }
    g_samples.clear();
    for (u32 i = 0; i < samples; ++i) {
        g_samples.add(row.sample(context));
    }
    if (row.close != nullptr) {
        row.close(context);
    }
    return true;
}

void measure(MayBlock const& context) {
    bench::report_begin();
    for (Row const& row : registered_rows()) {
        if (take(context, row, bench::kMaxSamples)) {
            g_samples.report(row.name);
        } else {
            log("@skip name={} reason=it-cannot-be-measured", row.name);
        }
    }
    log("@end");
}
PIVOT_PROGRAM(g_measure) = {"bench", &measure};

constexpr u32 kShort = 200;

void show(MayBlock const& context, Row const& row) {
    if (!take(context, row, kShort)) {
        return;
    }
    bench::Spread const of = g_samples.spread();
    log("{-20}{8} {8} {8} {8}  {}", row.name, Clock::ns_of_ticks(of.min),
        Clock::ns_of_ticks(of.median), Clock::ns_of_ticks(of.p99), Clock::ns_of_ticks(of.max),
        row.measures);
}

// Does it with those that word 1 names, or with all; false if none is named so.
template <typename T, typename Do>
bool chosen(Registered<T> const& all, Words const& words, Do&& act) {
    bool any = false;
    for (T const& one : all) {
        if (words.count() == 1 || words.is(1, one.name)) {
            act(one);
            any = true;
        }
    }
    return any;
}

bool bench_command(MayBlock const& context, Words const& words) {
    if (words.count() > 2) {
        return false;
    }
    log("{-20}{8} {8} {8} {8}  {}", "ns", "min", "median", "p99", "max", "");
    if (!chosen(registered_rows(), words, [&](Row const& row) { show(context, row); })) {
        log("{}: no such row; 'bench' measures all", words[1]);
    }
    return true;
}
PIVOT_COMMAND(g_bench) = {"bench", "[ROW]", "a short look at latencies", &bench_command};

void show(MayBlock const& context, inject::Operation const& operation) {
    inject::Result const result = inject::run(context, operation);
    if (result.points == 0) {
        log("{-20}{8}  it is over within a tick: only an exact machine hits it", operation.name, 0);
        return;
    }
    print("{-20}{8} {8} {8}  at ", operation.name, result.points, Clock::ns_of_ticks(result.min),
          Clock::ns_of_ticks(result.worst));
    bench::print_place(result.worst_pc);
    print("\n");
}

bool inject_command(MayBlock const& context, Words const& words) {
    if (words.count() > 2) {
        return false;
    }
    log("{-20}{8} {8} {8}", "ns", "points", "min", "worst");
    if (!chosen(registered_operations(), words,
                [&](inject::Operation const& operation) { show(context, operation); })) {
        log("{}: no such operation; 'inject' takes all", words[1]);
    }
    return true;
}
PIVOT_COMMAND(g_inject) = {"inject", "[OPERATION]", "an interrupt at each instruction of it",
                           &inject_command};

inject::Operations operations(MayBlock const&) {
    return {registered_operations().begin(), registered_operations().count()};
}

void run_campaign(MayBlock const& context) {
    constexpr inject::List kList = &operations;
    inject::campaign(context, &kList, 1);
}
PIVOT_PROGRAM(g_campaign) = {"inject", &run_campaign};

// -- operations to begin with

constinit AdaptiveMutex g_mutex{"own"};

void mutex_pair(MayBlock const& context) { AdaptiveGuard const guard(g_mutex, context); }
void spl_pair(MayBlock const&) { splx(splraise(Ipl::vm)); }

PIVOT_OPERATION(g_mutex_pair) = {.name = "mutex_pair", .run = &mutex_pair};
PIVOT_OPERATION(g_spl_pair) = {.name = "spl_pair", .run = &spl_pair};

}  // namespace
}  // namespace pivot
