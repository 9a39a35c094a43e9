// SPL: what is at or below it waits, what is above it does not; lowering it delivers what it
// uncovers, highest first, nothing lost and nothing twice. At each of the eight levels, in threads
// and top halves.
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr Ipl kAll[kIpls] = {Ipl::none,       Ipl::softclock, Ipl::softbio, Ipl::softnet,
                             Ipl::softserial, Ipl::vm,        Ipl::sched,   Ipl::high};

constinit Probe* const kProbes[] = {&v, &s, &h};

// What the controller holds off: what PerCpu says it does is no proof.
u32 priority_mask() { return Board::Controller::priority_mask(); }

// The mask that lets exactly the levels above `level` through.
u32 mask_for(Ipl level) { return is_hard(level) ? gic_priority(level) : gic_priority(Ipl::none); }

// The trace is that of the probes above `above` and at most at `upto`, highest first.
void expect_runs(Ipl above, Ipl upto) {
    char text[8] = {};
    u32 length = 0;
    for (u32 i = 3; i-- > 0;) {
        if (kProbes[i]->level > above && kProbes[i]->level <= upto) {
            text[length++] = kProbes[i]->name;
            text[length++] = '.';
        }
    }
    CHECK_TRACE(text);
}

void hold_off_and_replay(Ipl level, bool lowest_first) {
    u32 const held_off = this_cpu().held_off;
    Spl const old = splraise(level);
    for (u32 i = 0; i < 3; ++i) {
        Probe const& probe = *kProbes[lowest_first ? i : 2 - i];
        probe.pend();
        CHECK_EQUAL(probe.is_pending(), probe.level <= level);
        char const ran[] = {probe.name, '.', '\0'};
        CHECK_TRACE(probe.level > level ? ran : "");
    }
    CHECK_EQUAL(spl_current().held, held_at(level));
    bool const any = level >= Ipl::vm;
    // Entry left the first one pending and set the mask, which kept away those after it.
    bool const first_is_held = any && (lowest_first || level == Ipl::high);
    CHECK_EQUAL(this_cpu().held_off, held_off + (first_is_held ? 1 : 0));
    CHECK_EQUAL(priority_mask(), any ? mask_for(level) : mask_for(Ipl::none));
    splx(old);
    expect_runs(Ipl::none, level);
    CHECK_EQUAL(priority_mask(), mask_for(Ipl::none));
    check_calm();
    for (Probe const* probe : kProbes) {
        CHECK(!probe->is_pending());
    }
}

void at_each_level() {
    for (Ipl const level : kAll) {
        hold_off_and_replay(level, true);
        hold_off_and_replay(level, false);
    }
}

// From `high` down to each pair of levels: only what the step uncovers runs in it.
void down_in_steps() {
    for (Ipl const middle : kAll) {
        Spl const none = splraise(middle);
        Spl const lower = splraise(Ipl::high);
        for (Probe const* probe : kProbes) {
            probe->pend();
        }
        CHECK_TRACE("");
        splx(lower);
        CHECK_EQUAL(spl_current().held, held_at(middle));
        expect_runs(middle, Ipl::high);
        splx(none);
        expect_runs(Ipl::none, middle);
        check_calm();
    }
}

// Held off once or a hundred times: an edge is one run.
void asked_often_is_one_run() {
    Spl const old = splraise(Ipl::high);
    for (u32 i = 0; i < 100; ++i) {
        h.pend();
    }
    splx(old);
    CHECK_TRACE("h.");
    check_calm();
}

// The raise that nothing came in cost the controller nothing.
void a_quiet_raise_does_not_touch_the_controller() {
    u32 const held_off = this_cpu().held_off;
    for (Ipl const level : kAll) {
        SplGuard const guard{level};
        CHECK_EQUAL(priority_mask(), mask_for(Ipl::none));
        CHECK_EQUAL(this_cpu().attention, 0);
    }
    CHECK_EQUAL(this_cpu().held_off, held_off);
}

void a_top_half_raises_and_lowers() {
    v.does = [](Here const&) {
        Spl const vm = splraise(Ipl::sched);
        Spl const sched = splraise(Ipl::high);
        h.pend();
        s.pend();
        v.pend();
        CHECK_TRACE("v");
        CHECK_EQUAL(priority_mask(), mask_for(Ipl::high));
        splx(sched);
        CHECK_TRACE("h.");
        CHECK_EQUAL(spl_current().held, held_at(Ipl::sched));
        splx(vm);
        CHECK_TRACE("s.");
    };
    v.pend();
    CHECK_TRACE(".v.");  // and its own line, once it has returned
    CHECK_EQUAL(priority_mask(), mask_for(Ipl::none));
    check_calm();
}

// The mask that a nested top half has caused to be set is undone on the way out, level by level: it
// goes from `high` to sched in h's exit's shadow, to vm as s ends, to none as v ends.
void a_nested_top_half_leaves_no_mask_behind() {
    s.does = [](Here const&) {
        Spl const old = splraise(Ipl::high);
        h.pend();
        splx(old);
        CHECK_TRACE("vsh.");
        CHECK_EQUAL(priority_mask(), mask_for(Ipl::sched));
    };
    v.does = [](Here const&) {
        s.pend();
        CHECK_TRACE(".");
        CHECK_EQUAL(priority_mask(), mask_for(Ipl::vm));
        s.pend();
        h.pend();
        CHECK_TRACE("s.h.");
    };
    v.pend();
    CHECK_TRACE(".");
    CHECK_EQUAL(priority_mask(), mask_for(Ipl::none));
    check_calm();
}

// A thread at SPL vm, above it sched's top half that raises further: its exit uncovers vm again
// only.
void a_mask_over_a_raised_thread() {
    Spl const old = splraise(Ipl::vm);
    v.pend();  // held off from here to the end
    s.does = [](Here const&) {
        SplGuard const guard{Ipl::high};
        h.pend();
    };
    s.pend();
    CHECK_TRACE("sh..");
    CHECK_EQUAL(priority_mask(), mask_for(Ipl::vm));
    CHECK_EQUAL(spl_current().held, held_at(Ipl::vm));
    h.pend();
    s.pend();
    CHECK_TRACE("h.s.");
    splx(old);
    CHECK_TRACE("v.");
    check_calm();
}

// The same with what raises the SPL being a spin mutex.
void a_spin_mutex_holds_off(MayBlock const& context) {
    static constinit SpinMutex<Ipl::sched> outer{"outer"};
    static constinit SpinMutex<Ipl::high> inner{"inner"};
    outer.lock(context);
    inner.lock(context);
    v.pend();
    s.pend();
    h.pend();
    CHECK_TRACE("");
    inner.unlock();
    CHECK_TRACE("h.");
    outer.unlock();
    CHECK_TRACE("s.v.");
    check_calm();
}

void timer_top_half(TopHalf<Ipl::vm> const&, u32& count) {
    PhysicalTimer::quiet();
    ++count;
}

// A level-triggered device that stops asking while it is held off is never delivered.
void a_request_withdrawn_is_not_delivered() {
    LineId const timer = Board::kPhysicalTimerLine;
    static constinit u32 runs = 0;
    CHECK(BoardLines::request<&timer_top_half>(timer, "timer", runs) == LineError::none);
    CHECK(BoardLines::enable(timer) == LineError::none);
    Spl const old = splraise(Ipl::vm);
    u32 const held_off = this_cpu().held_off;
    PhysicalTimer::arm(0);  // due long ago
    CHECK(Board::Controller::is_pending(timer.intid()));
    CHECK_EQUAL(this_cpu().held_off, held_off + 1);
    PhysicalTimer::quiet();
    CHECK(!Board::Controller::is_pending(timer.intid()));
    splx(old);
    CHECK_EQUAL(runs, 0);
    check_calm();
    PhysicalTimer::arm(0);
    CHECK_EQUAL(runs, 1);
    CHECK(BoardLines::release(timer) == LineError::none);
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    a_quiet_raise_does_not_touch_the_controller();
    at_each_level();
    down_in_steps();
    asked_often_is_one_run();
    a_top_half_raises_and_lowers();
    a_nested_top_half_leaves_no_mask_behind();
    a_mask_over_a_raised_thread();
    a_spin_mutex_holds_off(context);
    a_request_withdrawn_is_not_delivered();
    passed("SPL holds off and replays");
}

}  // namespace pivot
