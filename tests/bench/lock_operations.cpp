// Operations on spin and adaptive mutexes, contended and not.
//
// On one CPU an adaptive mutex is contended when its owner waits for something or has been
// preempted: two threads of lower priority are told, step by step, what to take and when to let go.
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

constexpr Operation kList[] = {
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
    return all_of(kList);
}

}  // namespace pivot::inject
