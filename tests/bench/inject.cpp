// The injection image: an interrupt at every instruction of each operation, one record an
// operation.
#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "semihosting.hpp"
#include "tests/bench/operations.hpp"
#include "tests/bench/report.hpp"

namespace pivot::inject {
namespace {

bool asked_for_pairs() {
    static char line[128];
    constexpr const char* kWord = "pairs";
    if (port::command_line(line, sizeof(line)) == 0) {
        return false;
    }
    for (const char* at = line; *at != '\0'; ++at) {
        u32 same = 0;
        while (kWord[same] != '\0' && at[same] == kWord[same]) {
            ++same;
        }
        if (kWord[same] == '\0') {
            return true;
        }
    }
    return false;
}

constexpr u32 kApart = 96;  // longer than an interrupt takes in and out

// BENCH.md's target, and what a controller in device memory may cost more.
constexpr u32 kLimit = 64;
constexpr u32 kLimitSlow = 68;

bool is_held_off(Operation const& operation) {
    return operation.held_off || operation.level != Ipl::high;
}

void report(Operation const& operation, const char* suffix, Result const& result) {
    if (operation.waits_for_cpus && cpus_online() > 1) {
        log("@skip name=inject:{}{} reason=it-waits-for-other-CPUs,-whose-turns-the-clock-counts",
            operation.name, suffix);
    } else if (!is_held_off(operation)) {
        bench::report_injection(operation.name, suffix, result);
    } else {
        bench::report_held(operation.name, suffix, name_of(operation.level), result);
    }
}

void run_each(MayBlock const& context, Operations const& operations) {
    for (u32 i = 0; i < operations.count; ++i) {
        report(operations.first[i], "", run(context, operations.first[i]));
    }
}

// Returns the worst latency.
u32 run_pairs(MayBlock const& context, Operations const& operations) {
    u32 worst = 0;
    for (u32 i = 0; i < operations.count; ++i) {
        Operation const& operation = operations.first[i];
        if (!operation.in_pairs) {
            continue;
        }
        Result const result = run_pairs(context, operation, kApart);
        report(operation, "+interrupt", result);
        worst = !is_held_off(operation) && result.worst > worst ? result.worst : worst;
    }
    return worst;
}

template <typename Run>
void over_all(MayBlock const& context, Run&& run) {
    run(level_operations(context));
    run(spl_operations(context));
    run(system_operations(context));
    run(lock_operations(context));
    run(wait_operations(context));
    run(sync_operations(context));
    run(timer_operations(context));
    run(thread_operations(context));
    run(contended_operations(context));
}

void over_pairs(MayBlock const& context) {
    u32 worst = 0;
    over_all(context, [&](Operations const& operations) {
        u32 const here = run_pairs(context, operations);
        worst = here > worst ? here : worst;
    });
    u32 const limit = Board::Controller::kInDeviceMemory ? kLimitSlow : kLimit;
    if (worst > limit) {
        log("FAILED: the worst latency is {}, at most {} is allowed", worst, limit);
        machine_exit(1);
    }
}

}  // namespace
}  // namespace pivot::inject

void pivot::image_main(MayBlock const& context) {
    bench::report_begin();
    if (inject::asked_for_pairs()) {
        inject::over_pairs(context);
    } else {
        inject::over_all(context, [&](inject::Operations const& operations) {
            inject::run_each(context, operations);
        });
    }
    log("@end");
}
