// Operations on spin and adaptive mutexes, contended and not.
//
// On one CPU an adaptive mutex is contended when its owner waits for something or has been
// preempted: two threads of lower priority are told, step by step, what to take and when to let go.
#include "arch/board/board.hpp"
#include "intr/deferral.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_owner_stack, 8192);
PIVOT_STACK(inject_chained_stack, 8192);

namespace pivot::inject {
namespace {

constinit SpinMutex<Ipl::vm> g_spin{"inject"};
constinit SpinMutex<Ipl::sched> g_spin_above{"inject above"};

void spin_pair(MayBlock const& context) {
    g_spin.lock(context);
    g_spin.unlock();
}

void spin_try(MayBlock const& context) {
    if (g_spin.try_lock(context)) {
        g_spin.unlock();
    }
}

// The SPL falls with the second release.
void spin_out_of_order(MayBlock const& context) {
    g_spin.lock(context);
    g_spin_above.lock(context);
    g_spin.unlock();
    g_spin_above.unlock();
}

constinit AdaptiveMutex g_a{"inject a"};
constinit AdaptiveMutex g_b{"inject b"};

void mutex_pair(MayBlock const& context) {
    g_a.lock(context);
    g_a.unlock(context);
}

void mutex_try(MayBlock const& context) {
    if (g_a.try_lock(context)) {
        g_a.unlock(context);
    }
}

// -- the owner: takes `a`, keeps it until it is told

constinit Thread g_owner{"owner"};
constinit Semaphore g_take{"owner: take"};
constinit Semaphore g_let_go{"owner: let go"};

void own(MayBlock const& context, AdaptiveMutex& mutex) {
    for (;;) {
        g_take.wait(context);
        mutex.lock(context);
        g_let_go.wait(context);
        mutex.unlock(context);
    }
}

void have_it_owned(MayBlock const& context) {
    g_take.post(context);
    settle(context);
    require(g_a.owner() == &g_owner, "the owner does not own the mutex");
}

// We lend it our priority, it lets go, we go on.
void mutex_contended(MayBlock const& context) {
    have_it_owned(context);
    g_let_go.post(context);
    g_a.lock(context);
    g_a.unlock(context);
    settle(context);
}

// It waits for us: is woken by our release, and finds that we have taken it again.
void mutex_taken_again(MayBlock const& context) {
    g_a.lock(context);
    g_take.post(context);
    settle(context);
    g_let_go.post(context);
    g_a.unlock(context);
    g_a.lock(context);
    settle(context);
    g_a.unlock(context);
    settle(context);
}

constinit bool g_in_time = false;
constinit bool g_expected = false;

void check_in_time() { require(g_in_time == g_expected, "a wait for a mutex ended the wrong way"); }

void mutex_timed(MayBlock const& context) {
    have_it_owned(context);
    g_let_go.post(context);
    g_expected = true;
    g_in_time = g_a.lock_until(context, counter() + 20 * kSoon);
    if (g_in_time) {
        g_a.unlock(context);
    }
    settle(context);
}

void mutex_timed_out(MayBlock const& context) {
    have_it_owned(context);
    g_expected = false;
    g_in_time = g_a.lock_until(context, soon());
    g_let_go.post(context);
    settle(context);
}

// -- a chain: we wait for `b`, whose owner waits for `a`, whose owner is the lowest of us

constinit Thread g_chained{"chained"};
constinit Semaphore g_go{"chained: go"};

void own_and_want(MayBlock const& context, AdaptiveMutex& mutex) {
    for (;;) {
        g_go.wait(context);
        mutex.lock(context);
        g_a.lock(context);
        g_a.unlock(context);
        mutex.unlock(context);
    }
}

void mutex_chain(MayBlock const& context) {
    have_it_owned(context);
    g_go.post(context);
    settle(context);
    g_let_go.post(context);
    g_b.lock(context);
    g_b.unlock(context);
    settle(context);
}

// The same, but we give up: what was lent is taken back along the chain.
void mutex_chain_timed_out(MayBlock const& context) {
    have_it_owned(context);
    g_go.post(context);
    settle(context);
    g_expected = false;
    g_in_time = g_b.lock_until(context, soon());
    g_let_go.post(context);
    settle(context);
}

// The owner's priority changes while we wait for it, and what it is lent covers that.
void mutex_owner_changes(MayBlock const& context) {
    have_it_owned(context);
    g_go.post(context);
    settle(context);  // `chained` waits for `a`
    require(g_owner.set_priority(context, kLow - 1));
    require(g_chained.set_priority(context, kMiddle + 1));
    require(g_owner.set_priority(context, kLow));
    require(g_chained.set_priority(context, kMiddle));
    g_let_go.post(context);
    settle(context);
}

// -- a line whose top half wants `a`: asked for in the operation, or by the injected interrupt

constexpr LineId kWantsA{Board::kSpareLines[2].intid() + 1};

struct WantsA {
    volatile u32 asked, served;
};
constinit WantsA g_wants{};
void serve_deferred(MayBlock const&, WantsA& wants) { wants.served = wants.asked; }
constinit LockedContinuation g_after =
    LockedContinuation::to<&serve_deferred>(Ipl::softnet, g_a, g_wants);

LineEnd want_a(TopHalf<Ipl::vm> const& context, WantsA& wants) {
    require(wants.served == wants.asked, "a line has come that had not been served");
    wants.asked = wants.asked + 1;
    auto const lock = lock_or_defer(context, g_a, g_after);
    if (lock.is_taken()) {
        wants.served = wants.asked;
    }
    return lock.end();
}

void ask() { Board::Controller::pend(kWantsA.intid()); }
void ask_from_interrupt(TopHalf<Ipl::high> const&) { ask(); }

void check_served() {
    require(g_wants.asked == g_wants.served, "a deferred continuation has been lost");
    require(line_holds(kWantsA.intid()) == 0, "a line is held that has been served");
    require(!Board::Controller::is_active(kWantsA.intid()), "a line is active for nobody");
    require(!g_after.is_queued(), "a deferred continuation is left behind");
}

// We own it.
void defer_to_us(MayBlock const& context) {
    g_a.lock(context);
    ask();
    g_a.unlock(context);
}

// The owner sleeps, and we wait for it, too.
void defer_to_a_sleeper(MayBlock const& context) {
    have_it_owned(context);
    ask();
    g_let_go.post(context);
    mutex_pair(context);
    settle(context);
}

// A continuation of its own schedule, and the line, each at any point of the other.
void defer_and_schedule(MayBlock const& context) {
    g_a.lock(context);
    g_after.schedule(context);
    g_a.unlock(context);
}

constexpr Operation kList[] = {
    {.name = "defer_to_us", .run = &defer_to_us, .check = &check_served},
    {.name = "defer_at_any_point",
     .run = &mutex_pair,
     .check = &check_served,
     .also = &ask_from_interrupt},
    {.name = "defer_to_a_sleeper",
     .run = &defer_to_a_sleeper,
     .check = &check_served,
     .also = &ask_from_interrupt},
    {.name = "defer_and_schedule",
     .run = &defer_and_schedule,
     .check = &check_served,
     .also = &ask_from_interrupt},
    {.name = "spin_pair", .run = &spin_pair, .in_pairs = true},
    {.name = "spin_try", .run = &spin_try},
    {.name = "spin_out_of_order", .run = &spin_out_of_order, .in_pairs = true},
    {.name = "mutex_pair", .run = &mutex_pair, .in_pairs = true},
    {.name = "mutex_try", .run = &mutex_try},
    {.name = "mutex_contended", .run = &mutex_contended},
    {.name = "mutex_taken_again", .run = &mutex_taken_again},
    {.name = "mutex_timed", .run = &mutex_timed, .check = &check_in_time},
    {.name = "mutex_timed_out", .run = &mutex_timed_out, .check = &check_in_time},
    {.name = "mutex_chain", .run = &mutex_chain},
    {.name = "mutex_chain_timed_out", .run = &mutex_chain_timed_out, .check = &check_in_time},
    {.name = "mutex_owner_changes", .run = &mutex_owner_changes},
};

}  // namespace

Operations lock_operations(MayBlock const& context) {
    require(g_owner.start<&own>(inject_owner_stack, kLow, g_a));
    require(g_chained.start<&own_and_want>(inject_chained_stack, kMiddle, g_b));
    settle(context);
    require(BoardLines::request<&want_a>(kWantsA, "wants a", g_wants) == LineError::none &&
                BoardLines::set_trigger(kWantsA, Trigger::edge) == LineError::none &&
                BoardLines::enable(kWantsA) == LineError::none,
            "the line that wants a mutex is not there");
    return all_of(kList);
}

}  // namespace pivot::inject
