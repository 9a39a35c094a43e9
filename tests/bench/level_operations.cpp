// Operations on the SPL, on lines that it holds off, and on bottom halves.
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/base/atomic.hpp"
#include "kern/cross_call.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/operations.hpp"

namespace pivot::inject {
namespace {

// -- the SPL

void spl_pair(MayBlock const&) { splx(splraise(Ipl::sched)); }

// -- a line: what arrives while the SPL holds it off must be delivered by splx, once

struct Line {
    volatile u32 asked, served;
};
constinit Line g_line{};

void serve(TopHalf<Ipl::vm> const&, Line& line) { line.served = line.served + 1; }

void ask() {
    g_line.asked = g_line.asked + 1;
    Board::Controller::pend(Board::kSpareLines[0].intid());
}

void check_line() { require(g_line.asked == g_line.served, "a line was lost, or came twice"); }

// The other interrupt's entry and exit, at every instruction.
void interrupt_exit(MayBlock const&) {
    ask();
    while (g_line.asked != g_line.served) {
    }
}

void splx_replay(MayBlock const&) {
    Spl const old = splraise(Ipl::vm);
    ask();
    (void)Board::Controller::is_pending(Board::kSpareLines[0].intid());  // it has reached the GIC
    splx(old);
}

// Asked for between two raises: the inner splx must not deliver it, the outer must.
void spl_nested_replay(MayBlock const&) {
    Spl const old = splraise(Ipl::vm);
    ask();
    Spl const inner = splraise(Ipl::sched);
    (void)Board::Controller::is_pending(Board::kSpareLines[0].intid());
    splx(inner);
    splx(old);
}

// -- continuations: every schedule that was not coalesced is one run

struct Work {
    u32 scheduled;
    volatile u32 run;
};
constinit Work g_work{};

void count_run(MayBlock const&, Work& work) { work.run = work.run + 1; }
constinit Continuation g_first = Continuation::to<&count_run>(Ipl::softnet, g_work);
constinit Continuation g_second = Continuation::to<&count_run>(Ipl::softnet, g_work);

// Counted from several levels at once: atomically, for a raised SPL would hold off the injection.
void count_scheduled(bool queued) { atomic::fetch_add(&g_work.scheduled, queued ? 1u : 0u); }

bool all_work_done() { return atomic::load_relaxed(&g_work.scheduled) == g_work.run; }

void push_and_drain(MayBlock const& context) {
    // One from the thread; the injected interrupt adds the same one and another at every
    // instruction.
    count_scheduled(g_first.schedule(context));
}

void push_from_interrupt(TopHalf<Ipl::high> const& context) {
    count_scheduled(g_first.schedule(context));
    count_scheduled(g_second.schedule(context));
}

void check_work() { require(all_work_done(), "a continuation was lost, or ran twice"); }

// Taken back and scheduled anew; the injected interrupt schedules it, too.
void cancel_and_schedule(MayBlock const& context) {
    count_scheduled(g_first.schedule(context));
    NoPreemption const hold;
    count_scheduled(g_first.schedule(context));
    atomic::fetch_add(&g_work.scheduled, g_first.cancel() ? ~0u : 0u);
    count_scheduled(g_first.schedule(context));
}

void drain(MayBlock const& context) {
    count_scheduled(g_first.schedule(context));
    g_first.drain(context);
}

void cancel_and_wait(MayBlock const& context) {
    count_scheduled(g_second.schedule(context));
    g_second.cancel_and_wait(context);
}

// -- a line whose top half schedules a continuation: push, exit, bottom half, back

void serve_and_push(TopHalf<Ipl::vm> const& context, Line& line) {
    count_scheduled(g_first.schedule(context));
    line.served = line.served + 1;
}

void bottom_half_entry(MayBlock const&) {
    g_line.asked = g_line.asked + 1;
    Board::Controller::pend(Board::kSpareLines[1].intid());
    while (g_line.asked != g_line.served || !all_work_done()) {
    }
}

// -- bottom halves: one that blocks and comes back, and several in a queue

constinit Semaphore g_awaited{"awaited"};
void wait_for_it(MayBlock const& context, Work& work) {
    g_awaited.wait(context);
    count_run(context, work);
}
constinit Continuation g_waiting = Continuation::to<&wait_for_it>(Ipl::softnet, g_work);

void bottom_half_blocks(MayBlock const& context) {
    count_scheduled(g_waiting.schedule(context));  // it runs, waits, and lets us go on
    g_awaited.post(context);
}

constinit Continuation g_many[8] = {
    Continuation::to<&count_run>(Ipl::softclock, g_work),
    Continuation::to<&count_run>(Ipl::softserial, g_work),
    Continuation::to<&count_run>(Ipl::softbio, g_work),
    Continuation::to<&count_run>(Ipl::softnet, g_work),
    Continuation::to<&count_run>(Ipl::softserial, g_work),
    Continuation::to<&count_run>(Ipl::softclock, g_work),
    Continuation::to<&count_run>(Ipl::softbio, g_work),
    Continuation::to<&count_run>(Ipl::softnet, g_work),
};

void push_many_and_drain(MayBlock const& context) {
    Spl const old = splraise(Ipl::softserial);  // they run when this ends, highest level first
    for (Continuation& continuation : g_many) {
        count_scheduled(continuation.schedule(context));
    }
    splx(old);
}

// -- a call from a CPU, here from this one to itself

struct Calls {
    volatile u32 run;
};
constinit Calls g_calls{};
void called(MayWake const&, Calls& calls) { calls.run = calls.run + 1; }
constinit CrossCall g_call = CrossCall::to<&called>(g_calls);
void cross_call(MayBlock const&) {
    u32 const before = g_calls.run;
    require(g_call.send(this_cpu()), "a call was still on its way");
    while (g_calls.run == before) {
    }
}

constexpr Operation kList[] = {
    {.name = "spl_pair", .run = &spl_pair, .in_pairs = true},
    {.name = "splx_replay", .run = &splx_replay, .check = &check_line, .in_pairs = true},
    {.name = "spl_nested_replay", .run = &spl_nested_replay, .check = &check_line},
    {.name = "continuation_push_and_drain",
     .run = &push_and_drain,
     .check = &check_work,
     .also = &push_from_interrupt},
    {.name = "continuation_cancel",
     .run = &cancel_and_schedule,
     .check = &check_work,
     .also = &push_from_interrupt},
    {.name = "continuation_drain",
     .run = &drain,
     .check = &check_work,
     .also = &push_from_interrupt,
     .waits_for_cpus = true},
    {.name = "continuation_cancel_and_wait",
     .run = &cancel_and_wait,
     .check = &check_work,
     .waits_for_cpus = true},
    {.name = "continuation_push_many", .run = &push_many_and_drain, .check = &check_work},
    {.name = "interrupt_exit", .run = &interrupt_exit, .check = &check_line, .in_pairs = true},
    {.name = "bottom_half_entry",
     .run = &bottom_half_entry,
     .check = &check_work,
     .in_pairs = true},
    {.name = "bottom_half_blocks", .run = &bottom_half_blocks, .check = &check_work},
    {.name = "cross_call_to_itself", .run = &cross_call, .in_pairs = true},
};

}  // namespace

Operations level_operations(MayBlock const&) {
    bool ok =
        BoardLines::request<&serve>(Board::kSpareLines[0], "inject", g_line) == LineError::none;
    ok = ok && BoardLines::request<&serve_and_push>(Board::kSpareLines[1], "inject push", g_line) ==
                   LineError::none;
    for (u32 i = 0; i < 2; ++i) {
        ok = ok && BoardLines::set_trigger(Board::kSpareLines[i], Trigger::edge) == LineError::none;
        ok = ok && BoardLines::enable(Board::kSpareLines[i]) == LineError::none;
    }
    require(ok, "the lines cannot be had");
    return all_of(kList);
}

}  // namespace pivot::inject
