// Callouts with several CPUs: each runs where it was armed; and a few of them armed, moved and
// cancelled by all CPUs at once, none of them lost, run twice or run in two places at a time.
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"
#include "tests/target/on_cpu.hpp"

PIVOT_STACKS(g_worker_stacks, pivot::kMaxCpus, 4096);

namespace pivot::test {
namespace {

constexpr u32 kRounds = 5000;

// -- each on its own

struct Own {
    u32 cpu = 0;
    u32 runs = 0;
    u64 deadline = 0;
    Callout callout = Callout::to<&Own::run>(*this, "own");

    static void run(MayWake const& context, Own& self) {
        CHECK_EQUAL(this_cpu().id, self.cpu);
        CHECK(counter() >= self.deadline);
        if (++self.runs % 10 != 0) {
            self.deadline = counter() + Clock::ticks_of_ns(20'000);
            self.callout.arm(context, self.deadline);
        }
    }
};
constinit Own g_own[kMaxCpus]{};

void each_runs_where_it_was_armed() {
    for (u32 id = 0; id < cpus_online(); ++id) {
        begin_on(id, [](MayWake const& context) {
            Own& own = g_own[this_cpu().id];
            own.cpu = this_cpu().id;
            own.callout.arm_after_ns(context, 100'000);
        });
    }
    for (u32 id = 0; id < cpus_online(); ++id) {
        wait_until([&] { return atomic::load_acquire(&g_own[id].runs) == 10; }, "its callouts");
    }
}

// -- a few, by all

struct Shared {
    u32 inside = 0;
    u32 runs = 0;
    u32 arms = 0;
    u32 cancels = 0;
    u32 unsure = 0;  // found running: it may have been armed as well
    Callout callout = Callout::to<&Shared::run>(*this, "shared");

    static void run(MayWake const&, Shared& self) {
        CHECK_EQUAL(atomic::fetch_add(&self.inside, 1u), 0);
        ++self.runs;
        for (u64 const end = counter() + Clock::ticks_of_ns(500); counter() < end;) {
        }
        atomic::fetch_add(&self.inside, ~u32{0});
    }
};
constexpr u32 kShared = 3;
constinit Shared g_shared[kShared]{};

struct Worker {
    Thread thread{"worker"};
    u64 random = 0;
    bool done = false;

    u64 next() {  // xorshift64 (Marsaglia, 2003)
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    }
};
constinit Worker g_workers[kMaxCpus]{};

void take_step(MayWake const& context, Worker& self) {
    Shared& one = g_shared[self.next() % kShared];
    switch (self.next() % 3) {
        case 0: {
            Cancelled const found = one.callout.cancel(context);
            atomic::fetch_add(&one.cancels, found == Cancelled::cancelled ? 1u : 0u);
            atomic::fetch_add(&one.unsure, found == Cancelled::running ? 1u : 0u);
            break;
        }
        case 1:
            atomic::fetch_add(&one.arms, one.callout.arm(context, counter()) ? 0u : 1u);
            break;
        default:
            u64 const deadline = counter() + Clock::ticks_of_ns(self.next() % 20'000);
            atomic::fetch_add(&one.arms, one.callout.arm(context, deadline) ? 0u : 1u);
            break;
    }
}

void work(MayBlock const& context, Worker& self) {
    for (u32 i = 0; i < kRounds; ++i) {
        take_step(context, self);
        if (i % 64 == 0) {
            Clock::sleep_ns(context, 1000);
        }
    }
    atomic::store_release(&self.done, true);
}

void a_few_are_everybodys() {
    for (u32 id = 0; id < cpus_online(); ++id) {
        g_workers[id].random = 88172645463325252 + id;
        CHECK(g_workers[id].thread.start_on<&work>(cpu_of(id), g_worker_stacks[id], 10,
                                                   g_workers[id]) == ThreadError::none);
    }
    for (u32 id = 0; id < cpus_online(); ++id) {
        wait_until([&] { return atomic::load_acquire(&g_workers[id].done); }, "a worker");
    }
    u32 runs = 0;
    for (Shared& one : g_shared) {
        wait_until([&] { return !one.callout.is_armed(); }, "the last of them");
        wait_until([&] { return atomic::load_acquire(&one.inside) == 0; }, "the last run");
        CHECK(one.runs + one.cancels <= one.arms);
        CHECK(one.runs + one.cancels + one.unsure >= one.arms);
        runs += one.runs;
    }
    CHECK(runs > kRounds / 10);
    log("{} CPUs: {} runs of {} callouts", cpus_online(), runs, kShared);
    for (u32 id = 0; id < cpus_online(); ++id) {
        CHECK_EQUAL(Callout::armed_count(id), 0);
    }
}

}  // namespace
}  // namespace pivot::test

void pivot::image_main(MayBlock const&) {
    using namespace test;
    each_runs_where_it_was_armed();
    a_few_are_everybodys();
    passed("timers on several CPUs");
}
