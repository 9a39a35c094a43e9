// Debug exceptions, SError and FIQ are let in wherever code runs: an exception masks all four
// kinds, and none of them may stay masked in a top half, a bottom half or a thread that an
// interrupt has switched to. And: priority 0 belongs to idle alone, which never yields.
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "tests/target/probes.hpp"

PIVOT_STACK(g_waiter_stack, 8192);
PIVOT_STACK(g_idler_stack, 4096);

namespace pivot {
namespace {

using namespace test;

struct Device {
    Semaphore wanted{"wanted"};
    volatile u32 woken = 0;
};

constinit Device g_device{};
constinit Thread g_waiter{"waiter"};
constinit Thread g_idler{"idler"};

u64 masks() {
    u64 daif;
    asm volatile("mrs %0, daif" : "=r"(daif));
    return daif;
}

void in_bottom_half(MayBlock const& context, Device& device) {
    CHECK_EQUAL(masks(), 0);
    device.wanted.post(context);
}

constinit Continuation g_continuation =
    Continuation::to<&in_bottom_half>(Ipl::softserial, g_device);

void in_nested_top_half(TopHalf<Ipl::high> const&, Device&) { CHECK_EQUAL(masks(), 0); }

void in_top_half(TopHalf<Ipl::sched> const& context, Device&) {
    PhysicalTimer::quiet();
    CHECK_EQUAL(masks(), 0);
    Board::Controller::pend(Board::kSpareLines[0].intid());
    port::dsb_sy();
    CHECK_EQUAL(masks(), 0);
    g_continuation.schedule(context);
}

void wait_for_it(MayBlock const& context, Device& device) {
    for (;;) {
        device.wanted.wait(context);
        CHECK_EQUAL(masks(), 0);
        device.woken = device.woken + 1;
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(BoardLines::request<&in_top_half>(Board::kPhysicalTimerLine, "timer", g_device) ==
          LineError::none);
    CHECK(BoardLines::request<&in_nested_top_half>(Board::kSpareLines[0], "nested", g_device) ==
          LineError::none);
    CHECK(BoardLines::set_trigger(Board::kSpareLines[0], Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(Board::kPhysicalTimerLine) == LineError::none);
    CHECK(BoardLines::enable(Board::kSpareLines[0]) == LineError::none);
    CHECK(g_waiter.start<&wait_for_it>(g_waiter_stack, 20, g_device) == ThreadError::none);
    for (u32 i = 1; i <= 3; ++i) {
        PhysicalTimer::arm(PhysicalTimer::now() + Clock::ticks_of_ns(10'000));
        while (g_device.woken != i) {
        }
        CHECK_EQUAL(masks(), 0);
        Clock::sleep_ns(context, 10'000);
        CHECK_EQUAL(masks(), 0);
    }
    CHECK(g_idler.start<&wait_for_it>(g_idler_stack, kIdlePriority, g_device) ==
          ThreadError::bad_priority);
    check_calm();
    passed("nothing stays masked");
}

}  // namespace pivot
