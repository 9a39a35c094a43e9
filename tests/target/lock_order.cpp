// The lock order and context checker on the target: each rule broken, one a run, without anything
// that deadlocks. The panic must name both locks and where each was taken (locks.cmake has the
// texts). "allowed" does all that comes near and is right, and ends with status 0.
#include "arch/board/board.hpp"
#include "intr/line.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/lock_report.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/command.hpp"

PIVOT_STACK(g_other_stack, 8192);

namespace pivot {
namespace {

constinit SpinMutex<Ipl::vm> g_alpha{"alpha"};
constinit SpinMutex<Ipl::vm> g_beta{"beta"};
constinit SpinMutex<Ipl::high> g_top{"top"};
constinit SpinMutex<Ipl::vm> g_leaf{"tree"};
constinit SpinMutex<Ipl::vm> g_root{"tree"};
constinit AdaptiveMutex g_inode{"inode"};
constinit AdaptiveMutex g_buffer{"buffer"};
constinit Thread g_other{"other"};
constinit int g_nothing = 0;

[[gnu::noipa]] void alpha_then_beta(MayBlock const& context) {
    SpinGuard const first(g_alpha, context);
    SpinGuard const second(g_beta, context);
}

[[gnu::noipa]] void beta_then_alpha(MayBlock const& context) {
    SpinGuard const first(g_beta, context);
    SpinGuard const second(g_alpha, context);
}

void two_orders(MayBlock const& context) {
    alpha_then_beta(context);
    beta_then_alpha(context);
}

[[gnu::noipa]] void inode_then_buffer(MayBlock const& context) {
    AdaptiveGuard const first(g_inode, context);
    AdaptiveGuard const second(g_buffer, context);
}

[[gnu::noipa]] void buffer_then_inode(MayBlock const& context, int&) {
    AdaptiveGuard const first(g_buffer, context);
    AdaptiveGuard const second(g_inode, context);
}

// Two threads, one after the other: they could have met.
void two_threads(MayBlock const& context) {
    inode_then_buffer(context);
    (void)g_other.start<&buffer_then_inode>(g_other_stack, 20, g_nothing);
}

[[gnu::noipa]] void two_of_a_class(MayBlock const& context) {
    SpinGuard const first(g_root, context);
    SpinGuard const second(g_leaf, context);
}

[[gnu::noipa]] void lower_level(MayBlock const& context) {
    SpinGuard const first(g_top, context);
    SpinGuard const second(g_alpha, context);
}

[[gnu::noipa]] void lower_the_spl(MayBlock const& context) {
    Spl const old = splraise(Ipl::softnet);
    g_alpha.lock(context);
    splx(old);
    g_alpha.unlock();
}

// The system-wide SPL comes before every spin mutex, and no sleep under it but tsleep.
[[gnu::noipa]] void system_spl_last(MayBlock const& context) {
    SpinGuard const first(g_alpha, context);
    SystemSplGuard const second(Ipl::vm);
}

[[gnu::noipa]] void sleep_at_system_spl(MayBlock const& context) {
    SystemSplGuard const guard(Ipl::softnet);
    Clock::sleep_ns(context, 1);
}

[[gnu::noipa]] void lower_system_spl(MayBlock const&) {
    Spl const old = spl_current();
    SystemSplGuard const guard(Ipl::vm);
    splx(old);
}

// -- with a line

template <auto Body>
void interrupt_with() {
    (void)BoardLines::request<Body>(Board::kSpareLines[0], "spare", g_nothing);
    (void)BoardLines::enable(Board::kSpareLines[0]);
    (void)BoardLines::pend(Board::kSpareLines[0]);
    u32 const before = this_cpu().lines[Board::kSpareLines[0].intid()].count;
    for (u64 const end = counter() + counter_hz() / 10;
         counter() < end && this_cpu().lines[Board::kSpareLines[0].intid()].count == before;) {
    }
    (void)BoardLines::release(Board::kSpareLines[0]);
}

void take_alpha(TopHalf<Ipl::vm> const& context, int&) { SpinGuard const guard(g_alpha, context); }

// Held too low first, taken by a top half later: what neither alone shows.
void irq_unsafe(MayBlock const& context) {
    LockOrder::set_fatal(false);
    lower_the_spl(context);
    LockOrder::set_fatal(true);
    interrupt_with<&take_alpha>();
}

void release_alpha(TopHalf<Ipl::high> const&, int&) { g_alpha.unlock(); }

void strange_release(MayBlock const& context) {
    SpinGuard const guard(g_alpha, context);
    interrupt_with<&release_alpha>();
}

void take_top(TopHalf<Ipl::high> const& context, int&) { SpinGuard const guard(g_top, context); }

void allowed(MayBlock const& context) {
    alpha_then_beta(context);
    inode_then_buffer(context);
    alpha_then_beta(context);
    interrupt_with<&take_alpha>();
    {
        SpinGuard const root(g_root, context);
        SpinGuard const leaf(g_leaf, context, Nesting::nested);
    }
    {
        AdaptiveGuard const inode(g_inode, context);
        interrupt_with<&take_alpha>();
        SpinGuard const alpha(g_alpha, context);
        SplGuard const further(Ipl::high);
    }
    {
        SpinGuard const alpha(g_alpha, context);
        interrupt_with<&take_top>();  // alpha before top, by way of the interrupt
    }
    {
        SpinGuard const beta(g_beta, context);
        if (g_alpha.try_lock(context)) {  // against the order, but it would not have waited
            g_alpha.unlock();
        }
    }
    {
        AdaptiveGuard const inode(g_inode, context);
        SystemSplGuard const system(Ipl::vm);
        SpinGuard const top(g_top, context);
        SystemSplGuard const again(Ipl::softnet);
    }
    log("{} edges, {} violations", LockGraph::edges(), LockOrder::violations());
}

struct Deed {
    const char* name;
    void (*run)(MayBlock const& context);
};

constexpr Deed kDeeds[] = {
    {"two-orders", &two_orders},
    {"two-threads", &two_threads},
    {"same-class", &two_of_a_class},
    {"lower-level", &lower_level},
    {"lower-spl", &lower_the_spl},
    {"irq-unsafe", &irq_unsafe},
    {"strange-release", &strange_release},
    {"allowed", &allowed},
    {"system-spl-last", &system_spl_last},
    {"lower-system-spl", &lower_system_spl},
    {"sleep-at-system-spl", &sleep_at_system_spl},
};

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    for (Deed const& deed : kDeeds) {
        if (command.has(deed.name)) {
            log("{}", deed.name);
            deed.run(context);
            machine_exit(0);
        }
    }
    log("no such deed");
    machine_exit(1);
}

}  // namespace pivot
