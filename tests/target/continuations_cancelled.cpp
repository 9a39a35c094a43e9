// An interrupt at every instruction of scheduling, cancelling and draining a continuation; its top
// half cancels the same one, or schedules it anew. There are as many runs as schedules that said
// yes less cancels that said yes, and afterwards it is as if nothing had been. (A schedule that
// finds it cancelled and leaves it so loses the run: the seeded bug cancel_lost.)
#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/injector.hpp"

namespace pivot {
namespace {

using namespace test;

struct Work {
    u32 runs = 0;
    u32 scheduled = 0;             // times that schedule said yes
    u32 cancelled = 0;             // times that cancel did
    volatile bool unseen = false;  // something was scheduled, and no run has begun since
    bool at_its_level = true;
};
constinit Work g_work{};

void count_run(MayBlock const&, Work& work) {
    work.at_its_level = work.at_its_level && spl_current().held == held_at(Ipl::softnet);
    work.unseen = false;
    ++work.runs;
}
constinit Continuation g_net = Continuation::to<&count_run>(Ipl::softnet, g_work);

// The injected top half counts, too.
void schedule(MayBlock const& context) {
    g_work.unseen = true;
    bool const yes = g_net.schedule(context);
    atomic::fetch_add(&g_work.scheduled, u32{yes});
}
void cancel() {
    bool const yes = g_net.cancel();
    atomic::fetch_add(&g_work.cancelled, u32{yes});
}

void cancel_from_top_half(Here const&) { cancel(); }
void schedule_from_top_half(Here const& here) {
    g_work.unseen = true;
    bool const yes = here.schedule(g_net);
    atomic::fetch_add(&g_work.scheduled, u32{yes});
}
void both_from_top_half(Here const& here) {
    cancel();
    schedule_from_top_half(here);
}

constinit u32 g_cancelled_by_top_half = 0;

void check_counts(MayBlock const& context, bool ends_scheduled) {
    CHECK(!ends_scheduled || !g_work.unseen);  // also where schedule said that it is queued already
    g_cancelled_by_top_half += g_work.cancelled;
    CHECK_EQUAL(g_work.runs, g_work.scheduled - g_work.cancelled);
    CHECK(g_work.at_its_level);
    CHECK(!g_net.is_queued());
    CHECK(g_net.schedule(context));  // it still works
    CHECK_EQUAL(g_work.runs, g_work.scheduled - g_work.cancelled + 1);
    check_calm();
    g_work = Work{};
}

// The queue of a level that is held off.
void schedule_and_cancel(MayBlock const& context) {
    NoPreemption const hold;
    schedule(context);
    cancel();
    schedule(context);
}

void schedule_alone(MayBlock const& context) { schedule(context); }

void cancel_and_wait(MayBlock const& context) {
    {
        NoPreemption const hold;
        schedule(context);
        cancel();
    }
    g_net.drain(context);
}

struct Step {
    const char* name;
    void (*run)(MayBlock const&);
    bool ends_scheduled;
};
constexpr Step kSteps[] = {{"schedule", &schedule_alone, true},
                           {"schedule, cancel, schedule", &schedule_and_cancel, true},
                           {"schedule, cancel, drain", &cancel_and_wait, false}};

}  // namespace

void image_main(MayBlock const& context) {
    start_injector<Ipl::sched>();
    u64 injections = 0;
    for (auto const at : {&cancel_from_top_half, &schedule_from_top_half, &both_from_top_half}) {
        injector.at = at;
        for (Step const& step : kSteps) {
            bool const ends_scheduled = step.ends_scheduled && at != &cancel_from_top_half;
            injections += at_every_instruction([&] { step.run(context); },
                                               [&] { check_counts(context, ends_scheduled); });
        }
    }
    CHECK(g_cancelled_by_top_half > 100);
    log("{} interrupts injected, {} runs cancelled", injections, g_cancelled_by_top_half);
    passed("continuations cancelled at every instruction");
}

}  // namespace pivot
