// Interrupts that are nobody's: special INTIDs are counted and never dispatched; a line that nobody
// has requested is reported once, by number, and masked.
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

extern "C" void spurious_interrupt_of_thread();
extern "C" void spurious_interrupt_of_top_half();

namespace pivot {
namespace {

using namespace test;

constexpr u32 kNone = 1023;  // the INTID that means "nothing to acknowledge"

u32 count_of(u32 intid) { return this_cpu().lines[intid].count; }

u32 count_of_all_real_lines() {
    u32 sum = 0;
    for (u32 i = 0; i < 1020; ++i) {
        sum += count_of(i);
    }
    return sum;
}

// -- what the kernel prints meanwhile

struct Printed {
    char text[256] = {};
    u32 length = 0;
};
constinit Printed g_printed{};
constinit ConsoleWrite g_real_console = nullptr;

void start_listening() {
    g_printed = Printed{};
    g_real_console = console();
    set_console([](const char* text, usize length) {
        for (usize i = 0; i < length && g_printed.length + 1 < sizeof(g_printed.text); ++i) {
            g_printed.text[g_printed.length++] = text[i];
        }
    });
}

void check_printed(const char* expected) {
    set_console(g_real_console);
    u32 i = 0;
    while (expected[i] != '\0' && expected[i] == g_printed.text[i]) {
        ++i;
    }
    if (expected[i] != g_printed.text[i]) {
        fail(__FILE_NAME__, __LINE__, "printed \"{}\", not \"{}\"", g_printed.text, expected);
    }
}

// -- special INTIDs

void a_thread_is_interrupted_for_nothing() {
    u32 const before = count_of_all_real_lines();
    u32 const none = count_of(kNone);
    start_listening();
    for (u32 i = 1; i <= 100; ++i) {
        spurious_interrupt_of_thread();
        CHECK_EQUAL(count_of(kNone), none + i);
    }
    check_printed("");
    CHECK_EQUAL(count_of_all_real_lines(), before);
    check_calm();
    v.pend();  // and interrupts still come
    CHECK_TRACE("v.");
}

void a_top_half_is_interrupted_for_nothing() {
    u32 const none = count_of(kNone);
    v.does = [](Here const&) {
        spurious_interrupt_of_top_half();
        CHECK_EQUAL(this_cpu().nesting, 0);
        h.pend();
        s.pend();
    };
    v.pend();
    CHECK_TRACE("vh.s..");
    CHECK_EQUAL(count_of(kNone), none + 1);
    check_calm();
}

// With the SPL raised there is nothing to acknowledge, either, but that is no spurious interrupt:
// the line is there and is counted as held off.
void held_off_is_not_spurious() {
    u32 const none = count_of(kNone);
    u32 const held_off = this_cpu().held_off;
    {
        SplGuard const guard{Ipl::high};
        h.pend();
    }
    CHECK_TRACE("h.");
    CHECK_EQUAL(count_of(kNone), none);
    CHECK_EQUAL(this_cpu().held_off, held_off + 1);
}

// -- lines that nobody has requested

using Gic = Board::Controller;

void pend_unrequested(u32 intid) {
    Gic::pend(intid);
    port::dsb_sy();
    port::isb();
}

constexpr u32 kStraySpi = 210;

void an_unrequested_line_is_reported_once_and_masked() {
    start_listening();
    Gic::route(kStraySpi, this_cpu());  // with several CPUs a GICv2's line has no target at first
    Gic::enable(kStraySpi);
    pend_unrequested(kStraySpi);
    CHECK(!Gic::is_enabled(kStraySpi));
    CHECK_EQUAL(count_of(kStraySpi), 1);
    pend_unrequested(kStraySpi);
    CHECK_EQUAL(count_of(kStraySpi), 1);
    CHECK(Gic::is_pending(kStraySpi));
    // Somebody enables it again: it is masked again, but all has been said.
    Gic::enable(kStraySpi);
    port::dsb_sy();
    port::isb();
    CHECK_EQUAL(count_of(kStraySpi), 2);
    CHECK(!Gic::is_enabled(kStraySpi));
    check_printed("line 210 fired, but nobody has requested it: masked\n");
    check_calm();
}

void a_stray_level_line_does_not_storm() {
    u32 const intid = Board::kPhysicalTimerLine.intid();
    start_listening();
    Gic::enable(intid);
    PhysicalTimer::arm(0);  // asserted from here on, and nobody quiets it
    port::isb();
    CHECK_EQUAL(count_of(intid), 1);
    CHECK(!Gic::is_enabled(intid));
    check_printed("line 30 fired, but nobody has requested it: masked\n");
    PhysicalTimer::quiet();
    check_calm();
}

// GICv2's SGIs cannot be disabled everywhere (IHI 0048B, 4.3.5): reported once all the same.
void a_stray_sgi() {
    constexpr u32 kSgi = 5;
    start_listening();
    Gic::enable(kSgi);
    pend_unrequested(kSgi);
    pend_unrequested(kSgi);
    CHECK(count_of(kSgi) >= 1);
    CHECK(Gic::is_enabled(kSgi) || count_of(kSgi) == 1);
    check_printed("line 5 fired, but nobody has requested it: masked\n");
    check_calm();
}

// It can be requested afterwards, and once released is as unrequested as before.
void a_stray_line_can_be_requested() {
    static constinit Probe late{'l', LineId{kStraySpi}, Ipl::vm};
    Gic::unpend(kStraySpi);
    request<Ipl::vm>(late);
    CHECK_EQUAL(late.count(), 0);
    late.pend();
    CHECK_TRACE("l.");
    CHECK_EQUAL(late.count(), 1);
    CHECK(!line_info(kStraySpi).stray);
    CHECK(BoardLines::release(late.line) == LineError::none);
    start_listening();
    Gic::enable(kStraySpi);
    pend_unrequested(kStraySpi);
    check_printed("line 210 fired, but nobody has requested it: masked\n");
    CHECK_TRACE("");
}

}  // namespace

void image_main(MayBlock const&) {
    request_probes();
    a_thread_is_interrupted_for_nothing();
    a_top_half_is_interrupted_for_nothing();
    held_off_is_not_spurious();
    an_unrequested_line_is_reported_once_and_masked();
    a_stray_level_line_does_not_storm();
    a_stray_sgi();
    a_stray_line_can_be_requested();
    passed("spurious and unrequested");
}

}  // namespace pivot
