// What a spin mutex's word costs, alone and between CPUs: SpinMutex's own, a ticket lock, and a
// queue of nodes. The figures of docs/decisions/spin-word.md.
//
//   pair      lock and unlock, uncontended, with the SPL; instructions
//   handover  each of n CPUs takes the mutex kRounds times; from the first to the last, divided by
//             all acquisitions. In exact mode the CPUs share one clock, so a waiting CPU's
//             instructions count, too: an upper bound for cost, a fair comparison.
#include "tests/bench/spin_words.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/command.hpp"
#include "tests/target/on_cpu.hpp"

namespace pivot::bench {
namespace {

constexpr u32 kRounds = 500;
constexpr u32 kWork = 20;  // times round a loop, holding it

class WordLock {
  public:
    struct Node {};
    void lock(MayWake const& context, Node&) { mutex_.lock(context); }
    void unlock(Node&) { mutex_.unlock(); }

  private:
    SpinMutex<Ipl::vm> mutex_{"word"};
};

template <typename L>
void take(L& lock, MayWake const& context, typename L::Node& node) {
    if constexpr (requires { lock.lock(node); }) {
        lock.lock(node);
    } else {
        lock.lock(context, node);
    }
}

template <typename L>
constinit L g_lock{};

struct Start {
    u32 wanted = 0;
    u32 there = 0;
    u32 done = 0;
    volatile u32 shared = 0;  // guarded by the lock
};
constinit Start g_start{};

template <typename L>
void contend(MayWake const& context) {
    atomic::fetch_add(&g_start.there, 1u);
    while (atomic::load_acquire(&g_start.there) != g_start.wanted) {
        cpu_relax();
    }
    typename L::Node node;
    for (u32 round = 0; round < kRounds; ++round) {
        take(g_lock<L>, context, node);
        for (u32 i = 0; i < kWork; ++i) {
            g_start.shared = g_start.shared + 1;
        }
        cpu_relax();  // exact mode lets the others run here alone, so they find it taken
        g_lock<L>.unlock(node);
    }
    atomic::fetch_add(&g_start.done, 1u);
}

template <typename L>
u64 handover(MayWake const& context, u32 cpus) {
    g_start.wanted = cpus;
    g_start.there = 0;
    g_start.done = 0;
    g_start.shared = 0;
    for (u32 id = 1; id < cpus; ++id) {
        test::begin_on(id, &contend<L>);
    }
    while (atomic::load_acquire(&g_start.there) != cpus - 1) {
        cpu_relax();
    }
    u64 const begun = counter();
    contend<L>(context);
    while (atomic::load_acquire(&g_start.done) != cpus) {
        cpu_relax();
    }
    u64 const ticks = counter() - begun;
    for (u32 id = 1; id < cpus; ++id) {
        test::wait_until([id] { return atomic::load_acquire(&test::g_jobs[id].done); }, "a job");
    }
    CHECK(g_start.shared == cpus * kRounds * kWork);
    return ticks / (cpus * kRounds);
}

template <typename L>
[[gnu::noinline]] u64 pair(MayWake const& context) {
    u64 least = ~u64{0};
    for (u32 i = 0; i < 10; ++i) {
        typename L::Node node;
        u64 const begun = counter();
        take(g_lock<L>, context, node);
        g_lock<L>.unlock(node);
        u64 const ticks = counter() - begun - 1;  // two reads in a row give 1
        least = ticks < least ? ticks : least;
    }
    return least;
}

template <typename L>
void report(MayWake const& context, const char* name) {
    log("@spin_word lock={} pair={}", name, pair<L>(context));
    for (u32 cpus = 2; cpus <= cpus_online() && cpus <= 8; cpus *= 2) {
        log("@spin_word lock={} cpus={} handover={}", name, cpus, handover<L>(context, cpus));
    }
}

}  // namespace
}  // namespace pivot::bench

void pivot::image_main(MayBlock const& context) {
    using namespace pivot::bench;
    report<WordLock>(context, "word");
    report<TicketLock>(context, "ticket");
    report<McsLock>(context, "mcs");
    log("@end");
    machine_exit(0);
}
