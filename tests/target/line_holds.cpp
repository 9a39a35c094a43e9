// A line that stays active after its top half: what the controller's own registers say of it, what
// it holds off and what it does not, and who ends it.
#include "intr/line_hold.hpp"

#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

void let_go(MayBlock const& context, struct Keeper& keeper);

// Holds its line as often as asked and leaves letting go to a continuation, or to the test.
struct Keeper {
    LineId line;
    u32 holds = 1;
    bool lets_go = false;  // by itself, in its continuation
    u32 runs = 0;
    u32 active_in_continuation = 0;
    Continuation after = Continuation::to<&let_go>(Ipl::softnet, *this);
};

template <Ipl L>
LineEnd keep(TopHalf<L> const& context, Keeper& keeper) {
    trace.add('k');
    ++keeper.runs;
    for (u32 i = 0; i < keeper.holds; ++i) {
        hold_line(context);
    }
    if (keeper.lets_go) {
        keeper.after.schedule(context);
    }
    return keeper.holds != 0 ? LineEnd::leave_active : LineEnd::deactivate;
}

void let_go(MayBlock const& context, Keeper& keeper) {
    trace.add('c');
    keeper.active_in_continuation += Gic::is_active(keeper.line.intid()) ? 1 : 0;
    let_go_of_line(context, keeper.line.intid());
}

constexpr LineId kSpi{Board::kSpareLines[2].intid() + 1};
constexpr LineId kPpi = Board::kPhysicalTimerLine;
constexpr LineId kSgi{3};

void pend(LineId line) {
    compiler_barrier();  // what the top half is to find has been stored
    Gic::pend(line.intid());
    port::dsb_sy();
    port::isb();
}

template <Ipl L>
void begin(Keeper& keeper) {
    CHECK(BoardLines::request<&keep<L>>(keeper.line, "keeper", keeper) == LineError::none);
    CHECK(BoardLines::enable(keeper.line) == LineError::none);
}

void end(Keeper& keeper) {
    CHECK(BoardLines::release(keeper.line) == LineError::none);
    CHECK(!Gic::is_active(keeper.line.intid()));
    CHECK_EQUAL(line_holds(keeper.line.intid()), 0);
    check_calm();
}

// The line stays active, asks again in vain, and lines of its level and below it come all the same.
void held_it_does_not_fire_and_all_others_do(MayBlock const& context, LineId line) {
    static constinit Keeper kept[2] = {{.line = kSpi}, {.line = kPpi}};
    Keeper& keeper = kept[line == kPpi ? 1 : 0];
    u32 const intid = line.intid();
    begin<Ipl::sched>(keeper);
    pend(line);
    CHECK_EQUAL(keeper.runs, 1);
    CHECK(Gic::is_active(intid));
    CHECK_EQUAL(line_holds(intid), 1);
    check_calm();  // nothing is masked for it
    pend(line);
    CHECK_EQUAL(keeper.runs, 1);
    CHECK(Gic::is_active(intid) && Gic::is_pending(intid));
    trace.clear();
    v.pend();
    s.pend();
    h.pend();
    CHECK_TRACE("v.s.h.");
    let_go_of_line(context, intid);  // what has been pending comes now, and holds again
    port::dsb_sy();
    port::isb();
    CHECK_EQUAL(keeper.runs, 2);
    CHECK(Gic::is_active(intid) && !Gic::is_pending(intid));
    let_go_of_line(context, intid);
    CHECK(!Gic::is_active(intid));
    keeper.holds = 0;
    pend(line);  // not held this time: over at once
    CHECK_EQUAL(keeper.runs, 3);
    CHECK(!Gic::is_active(intid));
    CHECK_EQUAL(this_cpu().lines[intid].count, 3);
    end(keeper);
    trace.clear();
}

// Held several times over, it takes the last one to end it.
void the_last_hold_ends_it(MayBlock const& context) {
    static constinit Keeper keeper{.line = kSpi, .holds = 3};
    begin<Ipl::vm>(keeper);
    pend(kSpi);
    for (u32 left = 3; left != 0; --left) {
        CHECK_EQUAL(line_holds(kSpi.intid()), left);
        CHECK(Gic::is_active(kSpi.intid()));
        let_go_of_line(context, kSpi.intid());
    }
    CHECK(!Gic::is_active(kSpi.intid()));
    end(keeper);
}

// A continuation lets go: it finds the line active, and a request made meanwhile comes after it.
void a_continuation_lets_go() {
    static constinit Keeper keeper{.line = kSpi, .lets_go = true};
    begin<Ipl::vm>(keeper);
    trace.clear();
    v.does = [](Here const&) { pend(kSpi); };  // of the same level: taken when v has ended
    v.pend();
    CHECK_TRACE("v.kc");
    CHECK_EQUAL(keeper.active_in_continuation, 1);
    CHECK(!Gic::is_active(kSpi.intid()));
    {
        NoPreemption const hold;
        pend(kSpi);
        pend(kSpi);
        CHECK_TRACE("k");
    }
    CHECK_TRACE("ckc");
    end(keeper);
}

// The other way through pivot_irq_holding: the line has interrupted a top half.
void held_from_a_nested_top_half(MayBlock const& context) {
    static constinit Keeper keeper{.line = kSpi};
    begin<Ipl::high>(keeper);
    trace.clear();
    v.does = [](Here const&) {
        pend(kSpi);
        pend(kSpi);
        trace.add('a');
    };
    v.pend();
    CHECK_TRACE("vka.");
    CHECK_EQUAL(keeper.runs, 1);
    CHECK(Gic::is_active(kSpi.intid()));
    check_calm();
    Gic::unpend(kSpi.intid());
    let_go_of_line(context, kSpi.intid());
    end(keeper);
    trace.clear();
}

void measured_it_stays_active_all_the_same(MayBlock const& context) {
    static constinit Keeper keeper{.line = kSpi};
    begin<Ipl::vm>(keeper);
    CHECK(BoardLines::measure(kSpi, true) == LineError::none);
    pend(kSpi);
    CHECK(Gic::is_active(kSpi.intid()));
    let_go_of_line(context, kSpi.intid());
    CHECK(BoardLines::measure(kSpi, false) == LineError::none);
    pend(kSpi);
    CHECK(Gic::is_active(kSpi.intid()));
    CHECK_EQUAL(keeper.runs, 2);
    let_go_of_line(context, kSpi.intid());
    end(keeper);
}

// The hold outlives the line's owner: its successor hears nothing until it is over.
void released_while_held(MayBlock const& context) {
    static constinit Keeper first{.line = kSpi};
    static constinit Keeper second{.line = kSpi, .holds = 0};
    begin<Ipl::vm>(first);
    pend(kSpi);
    CHECK(BoardLines::release(kSpi) == LineError::none);
    CHECK(Gic::is_active(kSpi.intid()) && !Gic::is_enabled(kSpi.intid()));
    begin<Ipl::high>(second);
    pend(kSpi);
    CHECK_EQUAL(second.runs, 0);
    let_go_of_line(context, kSpi.intid());
    port::dsb_sy();
    port::isb();
    CHECK_EQUAL(second.runs, 1);
    end(second);
    trace.clear();
}

void an_sgi_cannot_be_held() {
    static constinit Keeper keeper{.line = kSgi};
    CHECK(BoardLines::request<&keep<Ipl::vm>>(kSgi, "sgi", keeper) == LineError::wrong_kind);
    CHECK(line_info(kSgi.intid()).name == nullptr);
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    held_it_does_not_fire_and_all_others_do(context, kSpi);
    held_it_does_not_fire_and_all_others_do(context, kPpi);
    the_last_hold_ends_it(context);
    a_continuation_lets_go();
    held_from_a_nested_top_half(context);
    measured_it_stays_active_all_the_same(context);
    released_while_held(context);
    an_sgi_cannot_be_held();
    check_calm();
    passed("line_holds");
}

}  // namespace pivot
