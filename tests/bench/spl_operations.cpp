// Operations that raise and lower the SPL: to every level, by splraise and splx and by a guard, one
// level on the other up to the highest, each with an interrupt of each hard level at every
// instruction, and with two of different levels (operations.hpp: in pairs).
//
// The injected interrupt comes once, whether the SPL holds it off or not. And with each come
// continuations of all soft levels: each runs once, and none while the SPL holds it off.
#include "intr/continuation.hpp"
#include "spl/spl.hpp"
#include "tests/bench/operations.hpp"

namespace pivot::inject {
namespace {

// -- what comes at the soft levels

struct Soft {
    Ipl level;
    volatile u32 scheduled, run;
};
constinit Soft g_soft[kSoftLevels] = {
    {Ipl::softclock, 0, 0}, {Ipl::softbio, 0, 0}, {Ipl::softnet, 0, 0}, {Ipl::softserial, 0, 0}};

// What this CPU's SPL was raised to by the operation: nothing at or below it may come.
constinit volatile u64 g_raised = 0;

void run_soft(MayBlock const&, Soft& soft) {
    require((held_at(soft.level) & ~g_raised) != 0, "a continuation ran while the SPL held it off");
    soft.run = soft.run + 1;
}
constinit Continuation g_work[kSoftLevels] = {
    Continuation::to<&run_soft>(Ipl::softclock, g_soft[0]),
    Continuation::to<&run_soft>(Ipl::softbio, g_soft[1]),
    Continuation::to<&run_soft>(Ipl::softnet, g_soft[2]),
    Continuation::to<&run_soft>(Ipl::softserial, g_soft[3]),
};

void schedule_all(TopHalf<Ipl::high> const& context) {
    for (u32 i = 0; i < kSoftLevels; ++i) {
        g_soft[i].scheduled = g_soft[i].scheduled + (g_work[i].schedule(context) ? 1 : 0);
    }
}

void check_soft() {
    for (Soft const& soft : g_soft) {
        require(soft.scheduled == soft.run, "a continuation was lost, or ran twice");
    }
}

// -- the operations. The record follows the raise and goes before the lowering, so it never says
// more than the SPL.

template <Ipl L>
void pair(MayBlock const&) {
    Spl const old = splraise(L);
    g_raised = held_at(L);
    g_raised = 0;
    splx(old);
}

template <Ipl L>
void guard(MayBlock const&) {
    SplGuard const raised(L);
    g_raised = held_at(L);
    g_raised = 0;
}

// From level to level up to the highest and back.
template <Ipl L>
void climb() {
    Spl const old = splraise(L);
    g_raised = held_at(L);
    if constexpr (L != Ipl::high) {
        climb<static_cast<Ipl>(static_cast<u32>(L) + 1)>();
    }
    g_raised = held_at(static_cast<Ipl>(static_cast<u32>(L) - 1));
    splx(old);
}
void ladder(MayBlock const&) { climb<Ipl::softclock>(); }

// A lower level under a higher one changes nothing, and its splx delivers nothing.
void lower_inside(MayBlock const&) {
    SplGuard const outer(Ipl::sched);
    g_raised = held_at(Ipl::sched);
    { SplGuard const inner(Ipl::softbio); }
    g_raised = 0;
}

// `run` with each hard level injected; in pairs, after a lower one (or a higher one, which holds it
// off as the SPL would).
#define PIVOT_BY_LEVELS(text, function, highest, short)                                          \
    {.name = text,                                                                               \
     .run = function,                                                                            \
     .check = &check_soft,                                                                       \
     .also = &schedule_all,                                                                      \
     .in_pairs = short,                                                                          \
     .held_off = (highest) == Ipl::high,                                                         \
     .earlier = Ipl::vm},                                                                        \
        {.name = text,                                                                           \
         .run = function,                                                                        \
         .in_pairs = short,                                                                      \
         .level = Ipl::sched,                                                                    \
         .earlier = Ipl::vm},                                                                    \
    {                                                                                            \
        .name = text, .run = function, .in_pairs = short, .level = Ipl::vm, .earlier = Ipl::high \
    }
#define PIVOT_PAIR(level, short) \
    PIVOT_BY_LEVELS("spl_pair_" #level, &pair<Ipl::level>, Ipl::level, short)
#define PIVOT_GUARD(level, short) \
    PIVOT_BY_LEVELS("spl_guard_" #level, &guard<Ipl::level>, Ipl::level, short)

constexpr Operation kList[] = {
    PIVOT_PAIR(softclock, false),
    PIVOT_PAIR(softbio, false),
    PIVOT_PAIR(softnet, true),
    PIVOT_PAIR(softserial, false),
    PIVOT_PAIR(vm, true),
    PIVOT_PAIR(sched, true),
    PIVOT_PAIR(high, true),
    PIVOT_GUARD(softclock, false),
    PIVOT_GUARD(softbio, false),
    PIVOT_GUARD(softnet, true),
    PIVOT_GUARD(softserial, false),
    PIVOT_GUARD(vm, true),
    PIVOT_GUARD(sched, true),
    PIVOT_GUARD(high, true),
    PIVOT_BY_LEVELS("spl_ladder", &ladder, Ipl::high, true),
    PIVOT_BY_LEVELS("spl_lower_inside", &lower_inside, Ipl::sched, true),
};
#undef PIVOT_GUARD
#undef PIVOT_PAIR
#undef PIVOT_BY_LEVELS

}  // namespace

Operations spl_operations(MayBlock const&) { return all_of(kList); }

}  // namespace pivot::inject
