#include "tests/bench/campaign.hpp"

#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/selection.hpp"
#include "tests/bench/strip.hpp"

namespace pivot::inject {
namespace {

constinit Selection g_selection{};

constexpr u32 kApart = 96;  // longer than an interrupt takes in and out

// BENCH.md's target, and what a controller in device memory may cost more.
constexpr u32 kLimit = 64;
constexpr u32 kLimitSlow = 68;

bool is_held_off(Operation const& operation) {
    return operation.held_off || operation.level != Ipl::high;
}

bool is_skipped(Operation const& operation) {
    return operation.waits_for_cpus && cpus_online() > 1;
}

void report(Operation const& operation, const char* suffix, Result const& result) {
    if (is_skipped(operation)) {
        log("@skip name=inject:{}{} reason=it-waits-for-other-CPUs,-whose-turns-the-clock-counts",
            operation.name, suffix);
    } else if (!is_held_off(operation)) {
        bench::report_injection(operation.name, suffix, result);
    } else {
        bench::report_held(operation.name, suffix, name_of(operation.level), result);
    }
}

// For qemu/inject.py, which wants to know of what is held off as much as of the rest.
void report_strip(Operation const& operation, Result const& result) {
    if (is_held_off(operation)) {
        bench::report_where(operation.name, "", name_of(operation.level), result);
    }
    if (result.before_worst != 0) {
        bench::report_before(operation.name, name_of(operation.level), result);
    }
    g_strip.print(operation.name, name_of(operation.level));
}

void run_each(MayBlock const& context, Operations const& operations) {
    for (u32 i = 0; i < operations.count; ++i) {
        Operation const& operation = operations.first[i];
        if (!g_selection.takes(operation.name)) {
            continue;
        }
        Result const result = run(context, operation);
        report(operation, "", result);
        if (g_selection.strip() && !is_skipped(operation)) {
            report_strip(operation, result);
        }
    }
}

void list_each(Operations const& operations) {
    for (u32 i = 0; i < operations.count; ++i) {
        log("@op name={} pairs={}", operations.first[i].name, operations.first[i].in_pairs ? 1 : 0);
    }
}

// Returns the worst latency.
u32 run_pairs(MayBlock const& context, Operations const& operations) {
    u32 worst = 0;
    for (u32 i = 0; i < operations.count; ++i) {
        Operation const& operation = operations.first[i];
        if (!operation.in_pairs || !g_selection.takes(operation.name)) {
            continue;
        }
        Result const result = run_pairs(context, operation, kApart);
        report(operation, "+interrupt", result);
        worst = !is_held_off(operation) && result.worst > worst ? result.worst : worst;
    }
    return worst;
}

void over_pairs(MayBlock const& context, List const* lists, u32 count) {
    u32 worst = 0;
    for (u32 i = 0; i < count; ++i) {
        u32 const here = run_pairs(context, lists[i](context));
        worst = here > worst ? here : worst;
    }
    u32 const limit = Board::Controller::kInDeviceMemory ? kLimitSlow : kLimit;
    if (worst > limit) {
        log("FAILED: the worst latency is {}, at most {} is allowed", worst, limit);
        machine_exit(1);
    }
}

}  // namespace

void campaign(MayBlock const& context, List const* lists, u32 count) {
    bench::report_begin();
    require(g_selection.read_command_line(), "a word that is not understood");
    if (g_selection.pairs()) {
        over_pairs(context, lists, count);
    } else {
        for (u32 i = 0; i < count; ++i) {
            Operations const operations = lists[i](context);
            if (g_selection.list()) {
                list_each(operations);
            } else {
                run_each(context, operations);
            }
        }
    }
    log("@end");
}

}  // namespace pivot::inject
