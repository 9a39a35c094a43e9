// Rows of the system-wide SPL, uncontended: raised and lowered, for a soft level, a level with top
// halves, and the highest. What it costs between CPUs: fights.cpp.
#include "spl/system/system_spl.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"

namespace pivot::bench {
namespace {

#define PIVOT_SYSTEM_PAIR(level)                        \
    PIVOT_MARKED u64 pair_##level() {                   \
        u64 begin, end;                                 \
        PIVOT_BEGIN("system_pair_" #level, begin);      \
        SystemSpl::lower(SystemSpl::raise(Ipl::level)); \
        PIVOT_END("system_pair_" #level, end);          \
        return end - begin;                             \
    }
PIVOT_SYSTEM_PAIR(softnet)
PIVOT_SYSTEM_PAIR(vm)
PIVOT_SYSTEM_PAIR(high)
#undef PIVOT_SYSTEM_PAIR

}  // namespace

void system_rows(MayBlock const&, Run const& run) {
    auto const take = [&](const char* row, auto&& sample) {
        (void)sample();  // the first use enters the level into the books
        run.store.clear();
        for (u32 i = 0; i < run.samples; ++i) {
            run.store.add(sample());
        }
        run.store.report(row);
    };
    take("system_pair_softnet", [] { return pair_softnet(); });
    take("system_pair_vm", [] { return pair_vm(); });
    take("system_pair_high", [] { return pair_high(); });
}

}  // namespace pivot::bench
