// Every module once, in a kernel where undefined behaviour traps. With PIVOT_COMMIT_UB the image
// then commits one, so that the trap itself is seen to work.
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/base/stack.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/check.hpp"

PIVOT_STACK(g_worker_stack, 8192);

namespace pivot {
namespace {

using test::check;
using test::check_equal;

constexpr u32 kItems = 100;

// A device: its top half counts under a spin mutex, its bottom half hands one item to a thread.
struct Device {
    SpinMutex<Ipl::sched> mutex{"device"};
    Semaphore items{"items"};
    AdaptiveMutex totals{"totals"};
    u32 interrupts = 0;
    u32 handed = 0;
    u32 taken = 0;
    Continuation hand_over = Continuation::to<&Device::hand>(Ipl::softbio, *this);

    static void hand(MayBlock const& context, Device& self) {
        AdaptiveGuard const hold(self.totals, context);
        ++self.handed;
        self.items.post(context);
    }
};

constinit Device g_device{};
constinit Thread g_worker{"worker"};

void top_half(TopHalf<Ipl::vm> const& context, Device& device) {
    SpinGuard const hold(device.mutex, context);
    ++device.interrupts;
    device.hand_over.schedule(context);
}

void work(MayBlock const& context, Device& device) {
    for (u32 i = 0; i < kItems; ++i) {
        device.items.wait(context);
        AdaptiveGuard const hold(device.totals, context);
        ++device.taken;
        Scheduler::yield(context);
    }
}

void pend(LineId line) {
    CHECK(BoardLines::pend(line) == LineError::none);
    port::dsb_sy();
    port::isb();
}

void lines_refuse_what_is_wrong() {
    constexpr LineId kLine = Board::kSpareLines[0];
    auto const request = [](LineId line) {
        return BoardLines::request<&top_half>(line, "device", g_device);
    };
    CHECK(request(LineId{1019}) == LineError::out_of_range);
    CHECK(BoardLines::enable(kLine) == LineError::not_requested);
    CHECK(request(kLine) == LineError::none);
    CHECK(request(kLine) == LineError::taken);
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    CHECK(BoardLines::measure(kLine, true) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
}

void a_held_off_line_is_delivered_later() {
    u32 const before = g_device.interrupts;
    Spl const old = splraise(Ipl::high);
    pend(Board::kSpareLines[0]);
    CHECK_EQUAL(g_device.interrupts, before);
    splx(old);
    CHECK_EQUAL(g_device.interrupts, before + 1);
}

void spin_mutexes_end_in_any_order(MayBlock const& context) {
    SpinMutex<Ipl::vm> low{"low"};
    SpinMutex<Ipl::high> high{"high"};
    low.lock(context);
    high.lock(context);
    low.unlock();
    CHECK_EQUAL(spl_current().held, held_at(Ipl::high));
    high.unlock();
    CHECK_EQUAL(spl_current().held, 0);
}

void items_reach_the_thread(MayBlock const& context) {
    CHECK(g_worker.start<&work>(g_worker_stack, 20, g_device) == ThreadError::none);
    CHECK(g_worker.start<&work>(g_worker_stack, 20, g_device) == ThreadError::already_started);
    while (g_device.interrupts < kItems) {
        pend(Board::kSpareLines[0]);
        if (g_device.interrupts % 8 == 0) {
            Clock::sleep_ns(context, 10'000);
        }
    }
    while (g_device.taken < g_device.handed) {
        Clock::sleep_ns(context, 10'000);
    }
    CHECK_EQUAL(g_device.taken, kItems);
    CHECK(g_worker.state() == ThreadState::exited);
}

void text_is_formatted() {
    log("{} {x} {x16} {8} {-8} {} {}", ~u64{0}, u64{255}, u64{1}, 7, "left", 'c',
        std::int64_t{-0x7fff'ffff'ffff'ffff - 1});
    CHECK_EQUAL(Clock::ns_of_ticks(Clock::ticks_of_ns(~u64{0} >> 8)) >> 40, (~u64{0} >> 8) >> 40);
}

#ifdef PIVOT_COMMIT_UB
volatile int g_largest = 0x7fff'ffff;
#endif

}  // namespace

void image_main(MayBlock const& context) {
    lines_refuse_what_is_wrong();
    a_held_off_line_is_delivered_later();
    spin_mutexes_end_in_any_order(context);
    items_reach_the_thread(context);
    text_is_formatted();
    CHECK(BoardLines::release(Board::kSpareLines[0]) == LineError::none);
#ifdef PIVOT_COMMIT_UB
    log("about to add one to {}", g_largest);
    g_largest = g_largest + 1;
    log("nothing trapped: {}", g_largest);
#endif
    test::passed("ubsan");
}

}  // namespace pivot
