// Rows between two CPUs: from before a post on one to the first statement of the thread that it
// wakes on the other.
//
// In exact mode all CPUs take turns on one thread of the host's, and the counter counts what each
// of them executes. When this one sends the SGI, QEMU goes on with the other one. So the row is the
// sum of what is done one after the other: the post, up to the SGI and the end of its translation
// block; on the other CPU the way out of WFI (or of the spinning thread), the SGI's top half, the
// continuation, the call, and the switch to the thread. Nothing in it runs side by side but what
// this CPU does until the other one gets its turn.
#include "kern/cpus.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/marks.hpp"
#include "tests/bench/rows.hpp"

PIVOT_STACK(bench_far_stack, 8192);
PIVOT_STACK(bench_busy_stack, 8192);

namespace pivot::bench {
namespace {

struct Far {
    Semaphore wanted{"bench far"};
    volatile u64 time = 0;
};
constinit Far g_far{};
constinit Thread g_waiter{"bench far"};
constinit Thread g_busy{"bench busy"};

PIVOT_MARKED void wait_far(MayBlock const& context, Far& far) {
    for (;;) {
        far.wanted.wait(context);
        u64 now;
        PIVOT_END("cross_cpu_wake", now);
        far.time = now;
    }
}

void spin(MayBlock const&, Far&) {
    for (;;) {
        cpu_relax();
    }
}

PIVOT_MARKED u64 post_far(MayBlock const& context, Far& far) {
    u64 begin;
    far.time = 0;
    PIVOT_BEGIN("cross_cpu_wake", begin);
    far.wanted.post(context);
    while (far.time == 0) {
        cpu_relax();
    }
    return far.time - begin;
}

void take_cross_cpu_wake(MayBlock const& context, Run const& run) {
    run.store.clear();
    for (u32 i = 0; i < run.samples; ++i) {
        // Long enough for the waiter to wait again, and for a CPU without work to sleep.
        Scheduler::sleep_until(context, counter() + 5000 + i % 97);
        run.store.add(post_far(context, g_far));
    }
}

}  // namespace

void cross_cpu_rows(MayBlock const& context, Run const& run) {
    if (cpus_online() < 2) {
        log("@skip name=cross_cpu_wake reason=there-is-one-CPU");
        return;
    }
    ThreadError error = g_waiter.start_on<&wait_far>(cpu_of(1), bench_far_stack, 20, g_far);
    PIVOT_REQUIRE(error == ThreadError::none, "the bench's far waiter does not start");
    take_cross_cpu_wake(context, run);
    run.store.report("cross_cpu_wake");
    error = g_busy.start_on<&spin>(cpu_of(1), bench_busy_stack, 5, g_far);
    PIVOT_REQUIRE(error == ThreadError::none, "the bench's busy thread does not start");
    take_cross_cpu_wake(context, run);
    run.store.report("cross_cpu_wake_busy");
}

}  // namespace pivot::bench
