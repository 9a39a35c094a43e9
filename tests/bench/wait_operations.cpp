// Operations that wait for other threads: semaphores, with time-outs and without.
#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_partner_stack, 8192);
PIVOT_STACK(inject_subordinate_stack, 8192);

namespace pivot::inject {
namespace {

// A thread that posts one semaphore whenever another one is posted.
struct Answerer {
    Semaphore* asked;
    Semaphore* answered;
};

constinit Semaphore g_ping{"ping"};
constinit Semaphore g_ping_low{"ping low"};
constinit Semaphore g_pong{"pong"};
constinit Answerer g_above{&g_ping, &g_pong};
constinit Answerer g_below{&g_ping_low, &g_pong};
constinit Thread g_partner{"partner"};          // outranks us: answers before our post returns
constinit Thread g_subordinate{"subordinate"};  // answers when we wait

void answer(MayBlock const& context, Answerer& answerer) {
    for (;;) {
        answerer.asked->wait(context);
        answerer.answered->post(context);
    }
}

void semaphore_post(MayBlock const& context) {
    g_pong.post(context);
    require(g_pong.try_wait(context), "a semaphore has lost a post");
}

void semaphore_round_trip(MayBlock const& context) {
    g_ping.post(context);
    g_pong.wait(context);
}

void semaphore_wait_for_lower(MayBlock const& context) {
    g_ping_low.post(context);
    g_pong.wait(context);
    settle(context);
}

constinit bool g_in_time = false;
constinit bool g_expected = false;
void check_in_time() { require(g_in_time == g_expected, "a wait ended the wrong way"); }

void semaphore_wait_until(MayBlock const& context) {
    g_expected = true;
    g_ping_low.post(context);
    g_in_time = g_pong.wait_until(context, counter() + 20 * kSoon);
    settle(context);
}

void semaphore_times_out(MayBlock const& context) {
    g_expected = false;
    g_in_time = g_pong.wait_until(context, soon());
}

void semaphore_in_the_past(MayBlock const& context) {
    g_expected = false;
    g_in_time = g_pong.wait_until(context, counter());
}

constexpr Operation kList[] = {
    {.name = "semaphore_post", .run = &semaphore_post, .in_pairs = true},
    {.name = "semaphore_round_trip", .run = &semaphore_round_trip, .in_pairs = true},
    {.name = "semaphore_wait_for_lower", .run = &semaphore_wait_for_lower},
    {.name = "semaphore_wait_until", .run = &semaphore_wait_until, .check = &check_in_time},
    {.name = "semaphore_times_out", .run = &semaphore_times_out, .check = &check_in_time},
    {.name = "semaphore_in_the_past", .run = &semaphore_in_the_past, .check = &check_in_time},
};

}  // namespace

Operations wait_operations(MayBlock const& context) {
    require(g_partner.start<&answer>(inject_partner_stack, kHigh, g_above));
    require(g_subordinate.start<&answer>(inject_subordinate_stack, kLow, g_below));
    settle(context);
    return all_of(kList);
}

}  // namespace pivot::inject
