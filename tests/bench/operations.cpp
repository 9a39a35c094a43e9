#include "tests/bench/operations.hpp"

#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"

PIVOT_STACK(inject_yielder_stack, 8192);
PIVOT_STACK(inject_partner_stack, 8192);

namespace pivot::inject {
namespace {

void require(bool holds, const char* what) {
    if (!holds) {
        log("FAILED: {}", what);
        machine_exit(1);
    }
}

// -- spl and mutexes

void spl_pair(MayBlock const&) { splx(splraise(Ipl::sched)); }

constinit SpinMutex<Ipl::vm> g_spin{"inject"};
void spin_pair(MayBlock const& context) {
    g_spin.lock(context);
    g_spin.unlock();
}

constinit AdaptiveMutex g_adaptive{"inject"};
void mutex_pair(MayBlock const& context) {
    g_adaptive.lock(context);
    g_adaptive.unlock(context);
}

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

// -- threads

constinit Thread g_yielder{"yielder"};
struct Turns {
    volatile u32 taken;
};
constinit Turns g_turns{};

void yield_for_ever(MayBlock const& context, Turns& turns) {
    for (;;) {
        turns.taken = turns.taken + 1;
        Scheduler::yield(context);
    }
}

void thread_switch(MayBlock const& context) { Scheduler::yield(context); }

void check_turns() {
    static u32 before = 0;
    require(g_turns.taken != before, "the other thread did not get its turn");
    before = g_turns.taken;
}

constinit Thread g_partner{"partner"};
constinit Semaphore g_ping{"ping"};
constinit Semaphore g_pong{"pong"};

void answer(MayBlock const& context, Semaphore& ping) {
    for (;;) {
        ping.wait(context);
        g_pong.post(context);
    }
}

void semaphore_round_trip(MayBlock const& context) {
    g_ping.post(context);
    g_pong.wait(context);
}

constexpr Operation kList[kOperations] = {
    {"spl_pair", &spl_pair, nullptr, nullptr},
    {"splx_replay", &splx_replay, &check_line, nullptr},
    {"spin_pair", &spin_pair, nullptr, nullptr},
    {"mutex_pair", &mutex_pair, nullptr, nullptr},
    {"continuation_push_and_drain", &push_and_drain, &check_work, &push_from_interrupt},
    {"interrupt_exit", &interrupt_exit, &check_line, nullptr},
    {"bottom_half_entry", &bottom_half_entry, &check_work, nullptr},
    {"thread_switch", &thread_switch, &check_turns, nullptr},
    {"semaphore_round_trip", &semaphore_round_trip, nullptr, nullptr},
};

}  // namespace

Operation const& operation(u32 index) { return kList[index]; }

void prepare_operations(MayBlock const&) {
    bool ok =
        BoardLines::request<&serve>(Board::kSpareLines[0], "inject", g_line) == LineError::none;
    ok = ok && BoardLines::request<&serve_and_push>(Board::kSpareLines[1], "inject push", g_line) ==
                   LineError::none;
    ok = ok && BoardLines::set_trigger(Board::kSpareLines[0], Trigger::edge) == LineError::none;
    ok = ok && BoardLines::set_trigger(Board::kSpareLines[1], Trigger::edge) == LineError::none;
    ok = ok && BoardLines::enable(Board::kSpareLines[0]) == LineError::none;
    ok = ok && BoardLines::enable(Board::kSpareLines[1]) == LineError::none;
    u32 const mine = current_thread().priority();
    ok = ok &&
         g_yielder.start<&yield_for_ever>(inject_yielder_stack, mine, g_turns) == ThreadError::none;
    ok =
        ok && g_partner.start<&answer>(inject_partner_stack, mine + 1, g_ping) == ThreadError::none;
    require(ok, "the operations cannot be prepared");
}

}  // namespace pivot::inject
