// What the system-wide SPL costs between CPUs, in exact mode: all raise and lower it, again and
// again, until it has been taken kAll times.
//
//   cost         ticks divided by all acquisitions. The CPUs share one clock, so what the others
//                execute while they wait counts, too: an upper bound.
//   least, most  how often a CPU got it.
//   other        the shortest and the longest irq_to_handler of a converted line on CPU 0, which
//                keeps out of a fight of the others; by the same clock, so what they execute
//                meanwhile is in the longest, and the shortest is this CPU's own.
//
// In the end what the lock statistics (lockstat) have of it, under its name.
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "mutex/lock_statistics.hpp"
#include "spl/system/system_spl.hpp"
#include "tests/bench/timer_line.hpp"
#include "tests/target/on_cpu.hpp"

PIVOT_STACKS(fight_stacks, pivot::kMaxCpus, 8192);

namespace pivot::bench {
namespace {

constexpr u32 kAll = 600;   // acquisitions of all together
constexpr u32 kEach = 200;  // interrupts of the converted line
constinit Thread g_threads[3] = {Thread{"fight 1"}, Thread{"fight 2"}, Thread{"fight 3"}};

struct Fight {
    Ipl level = Ipl::none;
    u32 round = 0;  // counts up: fight
    u32 ready = 0;  // CPUs that wait for `go`
    u32 go = 0;
    u32 done = 0;
    u32 stop_at = 0;
    volatile u32 taken = 0;  // guarded by the system-wide SPL
    u32 by_cpu[kMaxCpus] = {};
};
constinit Fight g_fight{};

void fight(Fight& it) {
    u32 const me = this_cpu().id;
    for (bool goes_on = true; goes_on;) {
        SystemSplGuard const held(it.level);
        u32 const before = it.taken;
        goes_on = before < it.stop_at;
        if (goes_on) {
            cpu_relax();  // exact mode lets the others run here alone, so they find it taken
            CHECK_EQUAL(u32{it.taken}, before);
            it.taken = before + 1;
            it.by_cpu[me] = it.by_cpu[me] + 1;
        }
    }
}

void fighter(MayBlock const&, Fight& it) {
    for (u32 round = 1;; ++round) {
        while (atomic::load_acquire(&it.round) != round) {
            cpu_relax();
        }
        atomic::fetch_add(&it.ready, 1u);
        while (atomic::load_acquire(&it.go) != round) {
            cpu_relax();
        }
        fight(it);
        atomic::fetch_add(&it.done, 1u);
    }
}

// The other CPUs are about to fight; `rounds`: until it has been taken so often.
void begin(Ipl level, u32 rounds) {
    u32 const others = cpus_online() - 1;
    g_fight.level = level;
    g_fight.ready = 0;
    g_fight.done = 0;
    g_fight.taken = 0;
    g_fight.stop_at = rounds;
    for (u32& each : g_fight.by_cpu) {
        each = 0;
    }
    atomic::store_release(&g_fight.round, g_fight.round + 1);
    test::wait_until([&] { return atomic::load_acquire(&g_fight.ready) == others; }, "the others");
    atomic::store_release(&g_fight.go, g_fight.round);
}

void end() {
    u32 const others = cpus_online() - 1;
    test::wait_until([&] { return atomic::load_acquire(&g_fight.done) == others; }, "the end");
}

struct Device {
    volatile u64 time;
};
constinit Device g_device{};

void converted(TopHalf<Ipl::high> const&, Device& device) {
    u64 const now = PhysicalTimer::now();
    PhysicalTimer::quiet();
    device.time = now;
}

struct Spread {
    u64 min = ~u64{0};
    u64 max = 0;
};

Spread beside(Ipl level) {
    TimerLine<&converted, Device> const line{g_device};
    Spread found;
    begin(level, ~0u);
    for (u32 i = 0; i < kEach; ++i) {
        g_device.time = 0;
        u64 const deadline = PhysicalTimer::now() + 2000 + i % 97;
        PhysicalTimer::arm(deadline);
        while (g_device.time == 0) {
            cpu_relax();
        }
        u64 const took = g_device.time - deadline;
        found.min = took < found.min ? took : found.min;
        found.max = took > found.max ? took : found.max;
    }
    {
        SystemSplGuard const held(level);
        g_fight.stop_at = 0;
    }
    end();
    return found;
}

void report(Ipl level) {
    u64 const begun = counter();
    begin(level, kAll);
    fight(g_fight);
    end();
    u64 const ticks = counter() - begun;
    CHECK_EQUAL(u32{g_fight.taken}, kAll);
    u32 least = kAll;
    u32 most = 0;
    for (u32 id = 0; id < cpus_online(); ++id) {
        u32 const here = g_fight.by_cpu[id];
        least = here < least ? here : least;
        most = here > most ? here : most;
    }
    CHECK(most - least <= 2 * cpus_online());  // nobody overtakes
    Spread const other = beside(level);
    log("@fight level={} cpus={} cost={} least={} most={} other_min={} other_max={}",
        name_of(level), cpus_online(), ticks / kAll, least, most, other.min, other.max);
}

void count_contention() {
    LockStatistics::switch_on();
    begin(Ipl::vm, kAll);
    fight(g_fight);
    end();
    LockStatistics::switch_off();
    for (u32 row = 0; row < LockClass::count(); ++row) {
        LockClass const& row_class = LockClass::at(row);
        if (row_class.kind() == LockKind::spin && row_class.counts.contentions != 0) {
            log("lockstat: '{}': {} of {} found it taken", row_class.name(),
                row_class.counts.contentions, row_class.counts.acquisitions);
        }
    }
}

}  // namespace
}  // namespace pivot::bench

void pivot::image_main(MayBlock const&) {
    using namespace pivot;
    SystemSpl::lower(SystemSpl::raise(Ipl::high));  // into the books
    for (u32 id = 1; id < cpus_online(); ++id) {
        CHECK(bench::g_threads[id - 1].start_on<&bench::fighter>(
                  cpu_of(id), fight_stacks[id], 20, bench::g_fight) == ThreadError::none);
    }
    bench::report(Ipl::softnet);
    bench::report(Ipl::vm);
    bench::report(Ipl::high);
    bench::count_contention();
    log("@end");
    machine_exit(0);
}
