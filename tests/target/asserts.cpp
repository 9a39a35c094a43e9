// The rules that the compiler cannot hold anyone to: each broken here, one a run. The checked
// kernel must stop and name the rule, the object and the place (faults.cmake has the texts).
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/command.hpp"

PIVOT_STACK(g_owner_stack, 4096);

namespace pivot {
namespace {

constinit SpinMutex<Ipl::vm> g_outer{"outer"};
constinit SpinMutex<Ipl::sched> g_inner{"inner"};
constinit AdaptiveMutex g_mutex{"the-adaptive-one"};
constinit Semaphore g_semaphore{"the-semaphore"};
constinit Thread g_owner{"owner"};
constinit int g_nothing = 0;
constinit MayBlock const* g_smuggled = nullptr;

[[gnu::noipa]] void sleep_a_little(MayBlock const& context) { Clock::sleep_ns(context, 1'000'000); }

void sleeping_top_half(TopHalf<Ipl::sched> const&, int&) { sleep_a_little(*g_smuggled); }

void sleep_in_a_top_half(MayBlock const& context) {
    g_smuggled = &context;
    (void)BoardLines::request<&sleeping_top_half>(Board::kSpareLines[0], "spare", g_nothing);
    (void)BoardLines::enable(Board::kSpareLines[0]);
    (void)BoardLines::pend(Board::kSpareLines[0]);
    for (u64 const end = counter() + counter_hz(); counter() < end;) {
    }
}

void sleep_under_a_spin_mutex(MayBlock const& context) {
    SpinGuard const outer(g_outer, context);
    SpinGuard const inner(g_inner, context);
    sleep_a_little(context);
}

void wait_under_a_spin_mutex(MayBlock const& context) {
    SpinGuard const outer(g_outer, context);
    g_semaphore.wait(context);
}

void sleep_at_a_raised_spl(MayBlock const& context) {
    SplGuard const hold(Ipl::vm);
    sleep_a_little(context);
}

void sleep_at_a_soft_spl(MayBlock const& context) {
    SplGuard const hold(Ipl::softclock);
    g_semaphore.wait(context);
}

void own(MayBlock const& context, int&) {
    g_mutex.lock(context);
    Clock::sleep_ns(context, 1'000'000'000'000);  // to end owning it would be another mistake
}

void unlock_as_a_stranger(MayBlock const& context) {
    (void)g_owner.start<&own>(g_owner_stack, 20, g_nothing);  // runs at once: it outranks us
    g_mutex.unlock(context);
}

void spin_twice(MayBlock const& context) {
    SpinGuard const first(g_inner, context);
    g_inner.lock(context);
}

void unlock_a_free_spin_mutex(MayBlock const&) { g_inner.unlock(); }

void adaptive_twice(MayBlock const& context) {
    AdaptiveGuard const first(g_mutex, context);
    g_mutex.lock(context);
}

void raise_by_splx(MayBlock const&) { splx(Spl{held_at(Ipl::high)}); }

void wait_in_softclock(MayBlock const& context, Semaphore& semaphore) { semaphore.wait(context); }

void softclock_blocks(MayBlock const& context) {
    static constinit Continuation waits =
        Continuation::to<&wait_in_softclock>(Ipl::softclock, g_semaphore);
    (void)waits.schedule(context);
}

void yield_under_a_spin_mutex(MayBlock const& context) {
    SpinGuard const inner(g_inner, context);
    Scheduler::yield(context);
}

// By a bottom half of a higher level than the mutex's: it could have interrupted the holder.
constinit SpinMutex<Ipl::softclock> g_low{"low"};
void take_low(MayBlock const& context, SpinMutex<Ipl::softclock>& low) {
    SpinGuard const guard(low, context);
}

void spin_below_the_spl(MayBlock const& context) {
    static constinit Continuation takes = Continuation::to<&take_low>(Ipl::softserial, g_low);
    (void)takes.schedule(context);
}

void lower_in_a_top_half(TopHalf<Ipl::sched> const&, int&) { splx(Spl{0}); }

void top_half_lowers(MayBlock const&) {
    (void)BoardLines::request<&lower_in_a_top_half>(Board::kSpareLines[0], "spare", g_nothing);
    (void)BoardLines::enable(Board::kSpareLines[0]);
    (void)BoardLines::pend(Board::kSpareLines[0]);
    for (u64 const end = counter() + counter_hz(); counter() < end;) {
    }
}

struct Deed {
    const char* name;
    void (*run)(MayBlock const& context);
};

constexpr Deed kDeeds[] = {
    {"sleep-in-top-half", &sleep_in_a_top_half},
    {"sleep-under-spin", &sleep_under_a_spin_mutex},
    {"wait-under-spin", &wait_under_a_spin_mutex},
    {"sleep-at-raised-spl", &sleep_at_a_raised_spl},
    {"unlock-as-stranger", &unlock_as_a_stranger},
    {"spin-twice", &spin_twice},
    {"unlock-free-spin", &unlock_a_free_spin_mutex},
    {"adaptive-twice", &adaptive_twice},
    {"raise-by-splx", &raise_by_splx},
    {"sleep-at-soft-spl", &sleep_at_a_soft_spl},
    {"softclock-blocks", &softclock_blocks},
    {"yield-under-spin", &yield_under_a_spin_mutex},
    {"spin-below-spl", &spin_below_the_spl},
    {"top-half-lowers", &top_half_lowers},
};

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    for (Deed const& deed : kDeeds) {
        if (test::same(deed.name, command.word(0))) {
            log("breaking a rule: {}", deed.name);
            deed.run(context);
            log("nobody has noticed");
            machine_exit(1);
        }
    }
    log("no rule is called '{}'", command.word(0));
    machine_exit(2);
}

}  // namespace pivot
