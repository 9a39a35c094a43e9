// Torture: every kind of lock under twice as many threads as there are CPUs, at the same time.
//
// Each thread takes the lock, checks that what it guards is as the last one left it, changes it in
// two steps with a random pause between them, and lets go. A harasser preempts them at random
// times, changes their priorities and moves some to other CPUs. At the end not one round may be
// missing. The same run with a lock that is broken on purpose must find that out, or the torture
// proves nothing.
//
// For thread=multi; the image's argument chooses: nothing (all locks), `broken`, `calls`, `churn`.
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "tests/target/check.hpp"
#include "tests/target/command.hpp"
#include "tests/target/torture_ways.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kMostThreads = 16;

// -- the threads

using Use = bool (*)(MayBlock const&, Guarded&, u64&);

struct Tortured {
    Thread thread{"tortured"};
    Use use = nullptr;
    Guarded* guarded = nullptr;
    u32 rounds = 0;
    u64 random = 0;
    u32 gave_up = 0;
    u32 waits_for = 0;  // others, before it begins
};
constinit u32 g_begun = 0;
constinit Tortured g_threads[kMostThreads]{};
PIVOT_STACKS(g_stacks, kMostThreads, 8192);
constinit Guarded g_guarded[9]{};

template <auto& Way>
bool use(MayBlock const& context, Guarded& guarded, u64& random) {
    return Way.use(context, guarded, random);
}

constinit SpinWay g_spin{};
constinit SoftSpinWay g_soft_spin{};
constinit AdaptiveWay g_adaptive{};
constinit NestedWay g_nested{};
constinit SemaphoreWay g_semaphore{};
constinit ReadWriteWay g_read_write{};
constinit ConditionWay g_condition{};
constinit MessageWay g_message{};
constinit BrokenWay g_broken{};

void be_tortured(MayBlock const& context, Tortured& self) {
    if (self.waits_for != 0) {
        atomic::fetch_add(&g_begun, 1u);
        while (atomic::load_acquire(&g_begun) < self.waits_for) {
            cpu_relax();
        }
    }
    for (u32 done = 0; done < self.rounds;) {
        if (self.use(context, *self.guarded, self.random)) {
            ++done;
        } else {
            ++self.gave_up;
        }
    }
}

// Outranks them: it preempts whoever runs on this CPU, as often as its sleeps end.
void harass(MayBlock const& context, u32 threads, u32 cpus, u64& random) {
    for (;;) {
        bool all_done = true;
        for (u32 i = 0; i < threads; ++i) {
            all_done = all_done && g_threads[i].thread.state() == ThreadState::exited;
        }
        if (all_done) {
            return;
        }
        Thread& victim = g_threads[next_random(random) % threads].thread;
        switch (next_random(random) % 4) {
            case 0:
                (void)victim.set_priority(context, 1 + next_random(random) % 12);
                break;
            case 1:
                (void)victim.set_affinity(context, u64{1} << next_random(random) % cpus);
                break;
            case 2:
                (void)victim.suspend(context);
                Clock::sleep_ns(context, 1000 + next_random(random) % 50'000);
                (void)victim.resume(context);
                break;
            default:
                Clock::sleep_ns(context, 1000 + next_random(random) % 100'000);
        }
    }
}

struct Outcome {
    u64 rounds, changes;
    u32 violations, gave_up;
};

Outcome torture(MayBlock const& context, Use way, Guarded& guarded, u32 rounds, bool gently) {
    u32 const cpus = cpus_online();
    u32 const threads = 2 * cpus < kMostThreads ? 2 * cpus : kMostThreads;
    g_begun = 0;
    for (u32 i = 0; i < threads; ++i) {
        Tortured& one = g_threads[i];
        one.use = way;
        one.guarded = &guarded;
        one.rounds = rounds;
        one.random = 0x9e3779b97f4a7c15 * (i + 1) + counter();
        one.gave_up = 0;
        // One on each CPU: they are over before a host that is busy has let all CPUs run.
        one.waits_for = gently && i < cpus ? cpus : 0;
        CHECK(one.thread.start_on<&be_tortured>(cpu_of(i % cpus), g_stacks[i], 2 + i % 8, one) ==
              ThreadError::none);
    }
    u64 random = counter() | 1;
    if (!gently) {
        harass(context, threads, cpus, random);
    }
    Outcome outcome{u64{threads} * rounds, 0, 0, 0};
    for (u32 i = 0; i < threads; ++i) {
        CHECK(g_threads[i].thread.join(context) == ThreadError::none);
        outcome.gave_up += g_threads[i].gave_up;
    }
    outcome.changes = guarded.after;
    outcome.violations = atomic::load_relaxed(&guarded.violations);
    return outcome;
}

void must_hold(MayBlock const& context, const char* name, Use way, Guarded& guarded, u32 rounds) {
    Outcome const outcome = torture(context, way, guarded, rounds, false);
    log("{-20} {8} rounds, {6} given up, {} violations", name, outcome.rounds, outcome.gave_up,
        outcome.violations);
    CHECK_EQUAL(outcome.violations, 0);
    CHECK_EQUAL(outcome.changes, outcome.rounds);
}

void torture_all(MayBlock const& context, u32 rounds) {
    must_hold(context, "spin mutex", &use<g_spin>, g_guarded[0], rounds);
    must_hold(context, "two, any order", &use<g_soft_spin>, g_guarded[1], rounds);
    must_hold(context, "adaptive mutex", &use<g_adaptive>, g_guarded[2], rounds);
    must_hold(context, "two adaptive", &use<g_nested>, g_guarded[3], rounds);
    must_hold(context, "semaphore", &use<g_semaphore>, g_guarded[4], rounds);
    must_hold(context, "read/write lock", &use<g_read_write>, g_guarded[5], rounds / 4);
    must_hold(context, "condition", &use<g_condition>, g_guarded[6], rounds);
    g_message.begin(context);
    must_hold(context, "message queue", &use<g_message>, g_guarded[8], rounds);
    passed("torture");
}

void convict_the_broken_one(MayBlock const& context, u32 rounds) {
    Outcome outcome{};
    for (u32 i = 0; i < 100 && outcome.violations == 0; ++i) {
        outcome = torture(context, &use<g_broken>, g_guarded[7], rounds, true);
    }
    log("broken lock: {} violations, {} of {} changes left", outcome.violations, outcome.changes,
        outcome.rounds);
    CHECK(outcome.violations != 0);
    passed("torture convicts a broken lock");
}

// -- calls from every CPU to every CPU

struct Storm {
    u32 received = 0;
    static void receive(MayWake const&, Storm& self) { atomic::fetch_add(&self.received, 1u); }
    CrossCall call = CrossCall::to<&Storm::receive>(*this);
};
constinit Storm g_storms[kMostThreads][kMostThreads]{};
constinit u32 g_sent = 0;

void send_many(MayBlock const&, Tortured& self) {
    u32 const me = static_cast<u32>(&self - g_threads);
    u32 sent = 0;
    while (sent < self.rounds) {
        u32 const to = next_random(self.random) % cpus_online();
        if (g_storms[me][to].call.send(cpu_of(to))) {
            ++sent;
        } else {
            cpu_relax();
        }
    }
    atomic::fetch_add(&g_sent, sent);
}

void storm(MayBlock const& context, u32 rounds) {
    u32 const cpus = cpus_online() < kMostThreads ? cpus_online() : kMostThreads;
    for (u32 i = 0; i < cpus; ++i) {
        g_threads[i].rounds = rounds;
        g_threads[i].random = 77 + i;
        CHECK(g_threads[i].thread.start_on<&send_many>(cpu_of(i), g_stacks[i], 5, g_threads[i]) ==
              ThreadError::none);
    }
    for (u32 i = 0; i < cpus; ++i) {
        CHECK(g_threads[i].thread.join(context) == ThreadError::none);
    }
    Clock::sleep_ns(context, 10'000'000);  // what was sent last has run
    u32 received = 0;
    for (auto& row : g_storms) {
        for (Storm const& one : row) {
            received += atomic::load_relaxed(&one.received);
        }
    }
    log("{} calls sent, {} received", g_sent, received);
    CHECK_EQUAL(received, g_sent);
    CHECK_EQUAL(g_sent, cpus * rounds);
    passed("call storm");
}

// -- threads that start and exit, on every CPU

constinit u32 g_lives = 0;

void live_shortly(MayBlock const& context, Tortured& self) {
    if (next_random(self.random) % 2 == 0) {
        Scheduler::yield(context);
    }
    atomic::fetch_add(&g_lives, 1u);
}

void churn(MayBlock const& context, u32 rounds) {
    u32 const cpus = cpus_online();
    u64 random = counter() | 1;
    for (u32 round = 0; round < rounds; ++round) {
        for (u32 i = 0; i < kMostThreads; ++i) {
            g_threads[i].random = next_random(random) | 1;
            CHECK(g_threads[i].thread.start_on<&live_shortly>(
                      cpu_of(next_random(random) % cpus), g_stacks[i], 1 + next_random(random) % 20,
                      g_threads[i]) == ThreadError::none);
        }
        for (Tortured& one : g_threads) {
            CHECK(one.thread.join(context) == ThreadError::none);
        }
    }
    log("{} lives", g_lives);
    CHECK_EQUAL(g_lives, rounds * kMostThreads);
    passed("thread churn");
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(current_thread().set_priority(context, 20) == ThreadError::none);
    CommandLine const words;
    u32 const times = words.has("long") ? 20 : 1;
    if (words.has("broken")) {
        convict_the_broken_one(context, 500);
    } else if (words.has("calls")) {
        storm(context, 5000 * times);
    } else if (words.has("churn")) {
        churn(context, 50 * times);
    } else {
        torture_all(context, 400 * times);
    }
}

}  // namespace pivot
