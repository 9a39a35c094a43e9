// Rows without an interrupt: what the uncontended primitives cost their caller.
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/spl.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"

namespace pivot::bench {
namespace {

constinit AdaptiveMutex g_adaptive{"bench"};
constinit SpinMutex<Ipl::vm> g_spin{"bench"};

PIVOT_MARKED u64 null_sample() {
    u64 begin, end;
    PIVOT_BEGIN("null", begin);
    PIVOT_END("null", end);
    return end - begin;
}

PIVOT_MARKED u64 mutex_sample(MayBlock const& context, AdaptiveMutex& mutex) {
    u64 begin, end;
    PIVOT_BEGIN("mutex_pair", begin);
    mutex.lock(context);
    mutex.unlock(context);
    PIVOT_END("mutex_pair", end);
    return end - begin;
}

PIVOT_MARKED u64 spin_sample(MayBlock const& context, SpinMutex<Ipl::vm>& mutex) {
    u64 begin, end;
    PIVOT_BEGIN("spin_pair", begin);
    mutex.lock(context);
    mutex.unlock();
    PIVOT_END("spin_pair", end);
    return end - begin;
}

PIVOT_MARKED u64 spl_sample() {
    u64 begin, end;
    PIVOT_BEGIN("spl_pair", begin);
    splx(splraise(Ipl::vm));
    PIVOT_END("spl_pair", end);
    return end - begin;
}

// The highest level's set is the longest to put together: it has to be a constant, too.
PIVOT_MARKED u64 high_spl_sample() {
    u64 begin, end;
    PIVOT_BEGIN("spl_pair_high", begin);
    splx(splraise(Ipl::high));
    PIVOT_END("spl_pair_high", end);
    return end - begin;
}

// What splraise and splx would be if they told the controller each time
// (docs/decisions/lazy-spl.md).
PIVOT_MARKED u64 direct_spl_sample() {
    u64 begin, end;
    PIVOT_BEGIN("spl_pair_direct", begin);
    PerCpu& cpu = this_cpu();
    u64 const old = cpu.spl;
    u64 const raised = old | held_at(Ipl::vm);
    set_priority_mask(raised);
    cpu.spl = raised;
    compiler_barrier();
    cpu.spl = old;
    set_priority_mask(old);
    PIVOT_END("spl_pair_direct", end);
    return end - begin;
}

}  // namespace

void local_rows(MayBlock const& context, Run const& run) {
    auto const take = [&](const char* row, auto&& sample) {
        run.store.clear();
        for (u32 i = 0; i < run.samples; ++i) {
            run.store.add(sample());
        }
        run.store.report(row);
    };
    (void)mutex_sample(context, g_adaptive);  // a lock's first use enters it into the books
    (void)spin_sample(context, g_spin);
    take("null", [] { return null_sample(); });
    take("mutex_pair", [&] { return mutex_sample(context, g_adaptive); });
    take("spin_pair", [&] { return spin_sample(context, g_spin); });
    take("spl_pair", [] { return spl_sample(); });
    take("spl_pair_high", [] { return high_spl_sample(); });
    take("spl_pair_direct", [] { return direct_spl_sample(); });
}

}  // namespace pivot::bench
