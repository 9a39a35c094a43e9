// A line that fires all the time is moved between CPUs, shared and left, and released from
// elsewhere: its top half never runs on two CPUs, nor after the release, and no request is lost.
//
// In exact mode, and several CPUs at once with `--multi`; at least two CPUs.
#include "kern/main.hpp"
#include "tests/target/on_cpu.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr LineId kLine = Board::kSpareLines[0];
constexpr LineId kPpi = Board::kPhysicalTimerLine;
constexpr u32 kRounds = 300;

struct Device {
    u32 inside = 0;
    u32 runs = 0;
    bool gone = false;  // what its top half must not find any more
    u64 ran_on = 0;
    u32 asked = 0;
    u32 answered = 0;

    static void top_half(TopHalf<Ipl::vm> const&, Device& self) {
        CHECK_EQUAL(atomic::fetch_add(&self.inside, 1u), 0);
        CHECK(!atomic::load_acquire(&self.gone));
        atomic::store_relaxed(&self.runs, self.runs + 1);
        (void)atomic::fetch_or(&self.ran_on, u64{1} << this_cpu().id);
        atomic::store_release(&self.answered, atomic::load_acquire(&self.asked));
        for (u32 i = 0; i < 20; ++i) {
            cpu_relax();
        }
        (void)atomic::fetch_add(&self.inside, ~0u);
    }
    static Served shared_top_half(TopHalf<Ipl::vm> const& context, Device& self) {
        top_half(context, self);
        return Served::yes;
    }
};
constinit Device g_device{};
constinit Device g_second{};

// The device at work: a thread of the last CPU asks all the time, whoever has the line.
struct Restless {
    Thread thread{"restless"};
    bool asks = false;

    static void run(MayBlock const&, Restless& self) {
        for (;;) {
            if (atomic::load_acquire(&self.asks)) {
                Gic::pend(kLine.intid());
            }
            for (u32 i = 0; i < 50; ++i) {
                cpu_relax();
            }
        }
    }
};
constinit Restless g_restless{};
PIVOT_STACK(g_restless_stack, 4096);

void await_runs(Device const& device, u32 more) {
    u32 const before = atomic::load_acquire(&device.runs);
    wait_until([&] { return atomic::load_acquire(&device.runs) - before >= more; }, "runs");
}

void request() {
    g_device = Device{};
    CHECK(BoardLines::request<&Device::top_half>(kLine, "restless", g_device) == LineError::none);
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
}

void moved_while_it_fires(MayBlock const& context) {
    request();
    for (u32 round = 1; round <= kRounds; ++round) {
        u32 const cpu = round % cpus_online();
        CHECK(BoardLines::move_to(context, kLine, cpu) == LineError::none);
        CHECK_EQUAL(line_info(kLine.intid()).cpu, cpu);
        atomic::store_release(&g_device.ran_on, u64{0});
        await_runs(g_device, 2);  // the request is not lost on its way
        CHECK_EQUAL(atomic::load_acquire(&g_device.ran_on), u64{1} << cpu);
    }
    CHECK(BoardLines::release(context, kLine) == LineError::none);
    atomic::store_release(&g_device.gone, true);
    CHECK_EQUAL(g_device.inside, 0);
}

// Asked once, and moved at once.
void a_single_request_is_not_lost(MayBlock const& context) {
    request();
    for (u32 round = 1; round <= kRounds; ++round) {
        atomic::store_release(&g_device.asked, round);
        CHECK(BoardLines::pend(kLine) == LineError::none);
        CHECK(BoardLines::move_to(context, kLine, round % cpus_online()) == LineError::none);
        wait_until([&] { return atomic::load_acquire(&g_device.answered) == round; }, "an answer");
    }
    CHECK(BoardLines::release(context, kLine) == LineError::none);
}

// From a CPU where it is not dispatched, in the middle of its top halves.
void released_from_elsewhere(MayBlock const& context) {
    for (u32 round = 1; round <= kRounds; ++round) {
        request();
        CHECK(BoardLines::move_to(context, kLine, cpus_online() - 1) == LineError::none);
        await_runs(g_device, 1 + round % 3);
        CHECK(BoardLines::release(kLine) == LineError::other_cpu);  // without waiting
        CHECK(BoardLines::release(context, kLine) == LineError::none);
        atomic::store_release(&g_device.gone, true);
        CHECK_EQUAL(g_device.inside, 0);
        CHECK(line_info(kLine.intid()).name == nullptr && !Gic::is_enabled(kLine.intid()));
    }
}

// A second device joins and leaves while the first keeps the line busy on another CPU.
void joined_and_left_while_it_fires(MayBlock const& context) {
    static constinit LineShare first{};
    static constinit LineShare second{};
    g_device = Device{};
    CHECK(BoardSharedLines::join<&Device::shared_top_half>(kLine, "first", first, g_device) ==
          LineError::none);
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
    CHECK(BoardLines::move_to(context, kLine, cpus_online() - 1) == LineError::none);
    for (u32 round = 1; round <= kRounds; ++round) {
        g_second = Device{};
        CHECK(BoardSharedLines::join<&Device::shared_top_half>(kLine, "second", second, g_second) ==
              LineError::none);
        await_runs(g_second, 1);
        CHECK(BoardSharedLines::leave(context, kLine, second) == LineError::none);
        atomic::store_release(&g_second.gone, true);
        CHECK_EQUAL(g_second.inside, 0);
    }
    await_runs(g_device, 1);
    CHECK(BoardSharedLines::leave(context, kLine, first) == LineError::none);
    atomic::store_release(&g_device.gone, true);
}

void a_banked_line_is_released_everywhere(MayBlock const& context) {
    g_device = Device{};
    CHECK(BoardLines::request<&Device::top_half>(kPpi, "banked", g_device) == LineError::none);
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, [](MayWake const&) { CHECK(BoardLines::enable(kPpi) == LineError::none); });
    }
    CHECK(BoardLines::move_to(context, kPpi, 1) == LineError::wrong_kind);
    CHECK(BoardLines::release(context, kPpi) == LineError::none);
    for (u32 id = 0; id < cpus_online(); ++id) {
        run_on(id, [](MayWake const&) { CHECK(!Gic::is_enabled(kPpi.intid())); });
    }
}

void refused(MayBlock const& context) {
    CHECK(BoardLines::move_to(context, kLine, 0) == LineError::not_requested);
    request();
    CHECK(BoardLines::move_to(context, kLine, cpus_online()) == LineError::no_such_cpu);
    CHECK(BoardLines::move_to(context, kLine, ~0u) == LineError::no_such_cpu);
    CHECK(BoardLines::release(context, kLine) == LineError::none);
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(cpus_online() >= 2);
    CHECK(g_restless.thread.start_on<&Restless::run>(cpu_of(cpus_online() - 1), g_restless_stack, 3,
                                                     g_restless) == ThreadError::none);
    a_single_request_is_not_lost(context);
    atomic::store_release(&g_restless.asks, true);
    moved_while_it_fires(context);
    released_from_elsewhere(context);
    joined_and_left_while_it_fires(context);
    atomic::store_release(&g_restless.asks, false);
    a_banked_line_is_released_everywhere(context);
    refused(context);
    passed("moving_lines");
}

}  // namespace pivot
