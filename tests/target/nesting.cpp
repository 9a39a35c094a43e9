// Top halves nest by priority, on one stack, in an order that follows from the levels alone.
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

void a_higher_line_nests() {
    v.does = [](Here const&) { s.pend(); };
    s.does = [](Here const&) { h.pend(); };
    v.pend();
    CHECK_TRACE("vsh...");
    v.does = [](Here const&) { h.pend(); };
    v.pend();
    CHECK_TRACE("vh..");
}

void an_equal_line_waits() {
    v.does = [](Here const&) { v.pend(); };
    v.pend();
    CHECK_TRACE("v.v.");
    h.does = [](Here const&) { h.pend(); };
    h.pend();
    CHECK_TRACE("h.h.");
}

void a_lower_line_waits() {
    h.does = [](Here const&) {
        v.pend();
        s.pend();
    };
    h.pend();
    CHECK_TRACE("h.s.v.");  // and then the higher goes first, though it asked last
}

void both_at_once() {
    s.does = [](Here const&) {
        v.pend();
        h.pend();
        v.pend();  // it is pending: this adds nothing
    };
    s.pend();
    CHECK_TRACE("sh..v.");
}

// A lower line that waits for the middle of three to end is taken below the lowest, not above it.
void between_two() {
    v.does = [](Here const&) { h.pend(); };
    h.does = [](Here const&) { s.pend(); };
    v.pend();
    CHECK_TRACE("vh.s..");
}

void a_thread_sees_them_by_priority() {
    interrupts_disable();
    v.pend();
    s.pend();
    h.pend();
    CHECK_TRACE("");
    interrupts_enable();
    port::isb();
    CHECK_TRACE("h.s.v.");
}

void two_lines_of_one_level_do_not_nest() {
    CHECK(BoardLines::release(s.line) == LineError::none);
    s.level = Ipl::vm;
    request<Ipl::vm>(s);
    v.does = [](Here const&) { s.pend(); };
    v.pend();
    CHECK_TRACE("v.s.");
    s.does = [](Here const&) { v.pend(); };
    s.pend();
    CHECK_TRACE("s.v.");
    CHECK(BoardLines::release(s.line) == LineError::none);
    s.level = Ipl::sched;
    request<Ipl::sched>(s);
}

void current_is_still_the_interrupted_thread() {
    static constinit Thread* seen = nullptr;
    h.does = [](Here const&) { seen = &current_thread(); };
    v.does = [](Here const&) { h.pend(); };
    v.pend();
    CHECK(seen == &current_thread());
    trace.clear();
}

// Every top half asks for every line again: no stack is long enough for that unless levels bound
// it.
constinit u32 g_left = 0;

void ask_for_all(Here const&) {
    if (g_left == 0) {
        return;
    }
    --g_left;
    v.does = s.does = h.does = &ask_for_all;
    v.pend();
    s.pend();
    h.pend();
    trace.clear();
}

void a_storm_is_three_deep_at_most() {
    u32 const before = v.count() + s.count() + h.count();
    deepest = 0;
    g_left = 2000;
    v.does = &ask_for_all;
    v.pend();
    CHECK_EQUAL(g_left, 0);
    CHECK_EQUAL(deepest, 2);  // two top halves interrupted, the third running
    CHECK(v.count() + s.count() + h.count() - before >= 2001);
    v.does = s.does = h.does = nullptr;
    trace.clear();
}

}  // namespace

void image_main(MayBlock const&) {
    request_probes();
    void (*const all[])() = {&a_higher_line_nests,
                             &an_equal_line_waits,
                             &a_lower_line_waits,
                             &both_at_once,
                             &between_two,
                             &a_thread_sees_them_by_priority,
                             &two_lines_of_one_level_do_not_nest,
                             &current_is_still_the_interrupted_thread,
                             &a_storm_is_three_deep_at_most};
    for (auto const test : all) {
        test();
        check_calm();
    }
    passed("nesting");
}

}  // namespace pivot
