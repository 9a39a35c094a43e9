// A thread's stack holds one interrupt's frame while a line that was held off waits for its mask to
// be lowered, however often another line asks in that moment. (Interrupt exit once let interrupts
// in before it had lowered the mask: each one then found the same work to do, one frame deeper.)
#include "arch/dev/generic_timer.hpp"
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr LineId kHeldLine = Board::kSpareLines[0];
constexpr LineId kInsistentLine = Board::kSpareLines[1];
constexpr u32 kAgain = 100;
constexpr u64 kFrame = 208;  // an InterruptFrame; one more belongs to what attends

struct Device {
    u32 left = 0;
    uptr lowest = 0;  // of SP_EL0, in any of its top halves
};

constinit Device g_device{};

void held(TopHalf<Ipl::vm> const&, Device&) {}

void insistent(TopHalf<Ipl::sched> const&, Device& device) {
    uptr sp;
    asm volatile("mrs %0, sp_el0" : "=r"(sp));
    device.lowest = sp < device.lowest ? sp : device.lowest;
    if (device.left != 0) {
        --device.left;
        Board::Controller::pend(kInsistentLine.intid());
        port::dsb_sy();
    }
}

void begin(TopHalf<Ipl::high> const&, Device&) {
    PhysicalTimer::quiet();
    Board::Controller::pend(kInsistentLine.intid());
    port::dsb_sy();
}

void wait(u32 rounds) {
    for (u32 i = 0; i < rounds; ++i) {
        asm volatile("nop");
    }
}

// How deep the thread's stack was used when the interrupt came `offset` ticks after arming.
u64 depth(u64 offset, u32 again) {
    uptr here;
    asm volatile("mov %0, sp" : "=r"(here));
    g_device = {.left = again, .lowest = here};
    Spl const old = splraise(Ipl::vm);
    Board::Controller::pend(kHeldLine.intid());
    wait(50);  // it has come, and is held off: the mask is raised
    PhysicalTimer::arm(PhysicalTimer::now() + offset);
    splx(old);
    wait(500 + 100 * again);
    CHECK_EQUAL(g_device.left, 0);
    return here - g_device.lowest;
}

template <auto Fn>
void start(LineId line, bool edge) {
    CHECK(BoardLines::request<Fn>(line, "pileup", g_device) == LineError::none);
    CHECK(!edge || BoardLines::set_trigger(line, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(line) == LineError::none);
}

}  // namespace

void image_main(MayBlock const&) {
    start<&held>(kHeldLine, true);
    start<&insistent>(kInsistentLine, true);
    start<&begin>(Board::kPhysicalTimerLine, false);
    u64 once = 0;
    u64 often = 0;
    for (u64 offset = 5; offset < 120; ++offset) {
        u64 const one = depth(offset, 0);
        u64 const many = depth(offset, kAgain);
        once = one > once ? one : once;
        often = many > often ? many : often;
    }
    log("deepest use of the thread's stack: {} bytes for one request, {} for {}", once, often,
        kAgain);
    CHECK(often <= once + 2 * kFrame);
    check_calm();
    passed("frames do not pile up");
}

}  // namespace pivot
