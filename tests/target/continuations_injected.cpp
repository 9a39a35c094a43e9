// An interrupt at every instruction of scheduling a continuation, of entering its bottom half, of
// taking it out of the queue and of going back; its top half schedules the same continuation, or
// another of the same queue. Each successful schedule is one run, and the queue is sound
// afterwards. (Claiming a continuation by a load and a store lets both sides succeed: the seeded
// bug double_queue.)
#include <initializer_list>

#include "kern/main.hpp"
#include "tests/target/injector.hpp"

namespace pivot {
namespace {

using namespace test;

struct Work {
    u32 runs = 0;
    u32 queued = 0;  // times that schedule said yes
    void note(bool was_queued) {
        atomic::fetch_add(&queued, u32{was_queued});  // the injected top half counts, too
    }
};

void count_run(MayBlock const&, Work& work) {
    ++work.runs;
    CHECK(work.runs <= work.queued + 1);  // a queue that has bitten its tail would run for ever
}

constinit Work g_same_counts{};
constinit Work g_other_counts{};
constinit Work g_after_counts{};
constinit Continuation g_same = Continuation::to<&count_run>(Ipl::softnet, g_same_counts);
constinit Continuation g_other = Continuation::to<&count_run>(Ipl::softnet, g_other_counts);
constinit Continuation g_after = Continuation::to<&count_run>(Ipl::softnet, g_after_counts);

void start_over() { g_same_counts = g_other_counts = g_after_counts = Work{}; }

void check_counts(MayBlock const& context, u32 at_most) {
    CHECK(g_same_counts.queued >= 1 && g_same_counts.queued <= at_most);
    CHECK_EQUAL(g_same_counts.runs, g_same_counts.queued);
    CHECK_EQUAL(g_other_counts.runs, g_other_counts.queued);
    // The queue still works: what comes next is found.
    CHECK(g_after.schedule(context));
    CHECK_EQUAL(g_after_counts.runs, 1);
    check_calm();
    start_over();
}

constinit u64 g_injections = 0;
constinit u32 g_coalesced = 0;

void the_same_continuation(Here const& here) {
    bool const queued = here.schedule(g_same);
    g_same_counts.note(queued);
    g_coalesced += !queued;
}

void another_continuation(Here const& here) { g_other_counts.note(here.schedule(g_other)); }

void from_a_thread(MayBlock const& context) {
    g_injections += at_every_instruction([&] { g_same_counts.note(g_same.schedule(context)); },
                                         [&] { check_counts(context, 2); });
}

void from_a_raised_thread(MayBlock const& context) {
    g_injections += at_every_instruction(
        [&] {
            NoPreemption const hold;
            g_same_counts.note(g_same.schedule(context));
        },
        [&] { check_counts(context, 2); });
}

// Interrupts the top half that schedules, its exit, and the bottom half that is entered from there.
void from_a_top_half(MayBlock const& context) {
    g_injections += at_every_instruction(
        [] {
            v.does = [](Here const& here) { g_same_counts.note(here.schedule(g_same)); };
            v.pend();
        },
        [&] {
            trace.clear();
            check_counts(context, 2);
        });
}

// The queue is drained while more comes in: two taken, the third pushed at each instruction.
void while_several_are_taken(MayBlock const& context) {
    g_injections += at_every_instruction(
        [&] {
            NoPreemption const hold;
            g_other_counts.note(g_other.schedule(context));
            g_same_counts.note(g_same.schedule(context));
        },
        [&] { check_counts(context, 2); });
}

}  // namespace

void image_main(MayBlock const& context) {
    request<Ipl::vm>(v);
    start_injector<Ipl::sched>();
    for (auto const at : {&the_same_continuation, &another_continuation}) {
        injector.at = at;
        start_over();
        from_a_thread(context);
        from_a_raised_thread(context);
        from_a_top_half(context);
        while_several_are_taken(context);
    }
    CHECK(g_coalesced > 0);
    log("{} interrupts injected, {} found it queued", g_injections, g_coalesced);
    passed("continuations interrupted at every instruction");
}

}  // namespace pivot
