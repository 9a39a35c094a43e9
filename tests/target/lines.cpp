// Lines: what can be asked of them, what is refused and with which error, and what is counted.
#include <initializer_list>

#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

struct Device {
    u32 runs = 0;
    u64 spl = 0;
    u64 spins = 0;  // counter ticks that its top half takes
    bool served = true;
};

template <Ipl L>
void device_top_half(TopHalf<L> const&, Device& device) {
    ++device.runs;
    device.spl = spl_current().held;
    u64 const begin = counter();
    while (counter() - begin < device.spins) {
    }
}

Served shared_top_half(TopHalf<Ipl::vm> const&, Device& device) {
    ++device.runs;
    return device.served ? Served::yes : Served::no;
}

constexpr LineId kSgi{3};
constexpr LineId kPpi = Board::kPhysicalTimerLine;
constexpr LineId kSpi = Board::kSpareLines[0];

void pend(LineId line) {
    CHECK(BoardLines::pend(line) == LineError::none);
    port::dsb_sy();
    port::isb();
}

void every_call_refuses_a_line_that_does_not_exist() {
    static constinit Device device{};
    u32 const first_missing = Gic::lines();
    for (u32 const intid : {first_missing, 1020u, 1023u, 1024u, 8192u, ~0u}) {
        LineId const line{intid};
        CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(line, "none", device) ==
              LineError::out_of_range);
        CHECK(BoardLines::release(line) == LineError::out_of_range);
        CHECK(BoardLines::enable(line) == LineError::out_of_range);
        CHECK(BoardLines::disable(line) == LineError::out_of_range);
        CHECK(BoardLines::pend(line) == LineError::out_of_range);
        CHECK(BoardLines::set_trigger(line, Trigger::edge) == LineError::out_of_range);
        CHECK(BoardLines::measure(line, true) == LineError::out_of_range);
        CHECK(BoardLines::expect_kind(line, LineKind::spi) == LineError::out_of_range);
    }
    LineId const last{first_missing - 1};
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(last, "last", device) == LineError::none);
    CHECK(BoardLines::enable(last) == LineError::none);
    pend(last);
    CHECK_EQUAL(device.runs, 1);
    CHECK(BoardLines::release(last) == LineError::none);
}

void every_call_refuses_a_line_that_nobody_has() {
    CHECK(BoardLines::release(kSpi) == LineError::not_requested);
    CHECK(BoardLines::enable(kSpi) == LineError::not_requested);
    CHECK(BoardLines::disable(kSpi) == LineError::not_requested);
    CHECK(BoardLines::pend(kSpi) == LineError::not_requested);
    CHECK(BoardLines::set_trigger(kSpi, Trigger::edge) == LineError::not_requested);
    CHECK(BoardLines::measure(kSpi, true) == LineError::not_requested);
    CHECK(!Gic::is_enabled(kSpi.intid()) && !Gic::is_pending(kSpi.intid()));
}

void a_taken_line_stays_its_owners() {
    static constinit Device owner{};
    static constinit Device other{};
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(kSpi, "owner", owner) == LineError::none);
    CHECK(BoardLines::request<&device_top_half<Ipl::high>>(kSpi, "other", other) ==
          LineError::taken);
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(kSpi, "owner", owner) == LineError::taken);
    CHECK(line_info(kSpi.intid()).argument == &owner);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    pend(kSpi);
    CHECK_EQUAL(owner.runs, 1);
    CHECK_EQUAL(owner.spl, held_at(Ipl::vm));
    CHECK_EQUAL(other.runs, 0);
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(
              Board::kVirtualTimerLine, "clock", other) == LineError::taken);  // the kernel's own
    CHECK(BoardLines::release(kSpi) == LineError::none);
}

void kinds_are_told_apart() {
    CHECK(BoardLines::expect_kind(kSgi, LineKind::sgi) == LineError::none);
    CHECK(BoardLines::expect_kind(kPpi, LineKind::ppi) == LineError::none);
    CHECK(BoardLines::expect_kind(kSpi, LineKind::spi) == LineError::none);
    CHECK(BoardLines::expect_kind(kSpi, LineKind::ppi) == LineError::wrong_kind);
    CHECK(BoardLines::expect_kind(kPpi, LineKind::sgi) == LineError::wrong_kind);
    CHECK(LineId{15}.kind() == LineKind::sgi && LineId{16}.kind() == LineKind::ppi);
    CHECK(LineId{31}.kind() == LineKind::ppi && LineId{32}.kind() == LineKind::spi);
    CHECK(LineId{1019}.kind() == LineKind::spi && LineId{1020}.kind() == LineKind::none);
}

void an_sgi_has_no_trigger_to_set() {
    static constinit Device device{};
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(kSgi, "sgi", device) == LineError::none);
    CHECK(BoardLines::set_trigger(kSgi, Trigger::edge) == LineError::wrong_kind);
    CHECK(BoardLines::set_trigger(kSgi, Trigger::level) == LineError::wrong_kind);
    CHECK(BoardLines::release(kSgi) == LineError::none);
    CHECK(!Gic::set_trigger(kSgi.intid(), Trigger::level));  // what `fixed` stands for
}

// Released means disabled and forgotten; requested again means new, at the new top half's level.
void released_and_requested_again() {
    static constinit Device first{};
    static constinit Device second{};
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(kSpi, "first", first) == LineError::none);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    pend(kSpi);
    CHECK(BoardLines::release(kSpi) == LineError::none);
    CHECK(!Gic::is_enabled(kSpi.intid()));
    CHECK(line_info(kSpi.intid()).name == nullptr);
    CHECK(BoardLines::release(kSpi) == LineError::not_requested);
    CHECK(BoardLines::request<&device_top_half<Ipl::high>>(kSpi, "second", second) ==
          LineError::none);
    CHECK_EQUAL(this_cpu().lines[kSpi.intid()].count, 0);
    pend(kSpi);
    CHECK_EQUAL(second.runs, 0);  // a requested line is disabled yet
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    port::isb();
    CHECK_EQUAL(second.runs, 1);
    CHECK_EQUAL(second.spl, held_at(Ipl::high));
    CHECK_EQUAL(first.runs, 1);
    CHECK_EQUAL(this_cpu().lines[kSpi.intid()].count, 1);
    CHECK(BoardLines::release(kSpi) == LineError::none);
}

void disabled_it_waits() {
    static constinit Device device{};
    CHECK(BoardLines::request<&device_top_half<Ipl::sched>>(kSpi, "spi", device) ==
          LineError::none);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    CHECK(BoardLines::disable(kSpi) == LineError::none);
    pend(kSpi);
    CHECK_EQUAL(device.runs, 0);
    CHECK(Gic::is_pending(kSpi.intid()));
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    port::dsb_sy();
    port::isb();
    CHECK_EQUAL(device.runs, 1);
    CHECK(!Gic::is_pending(kSpi.intid()) && !Gic::is_active(kSpi.intid()));
    CHECK(BoardLines::release(kSpi) == LineError::none);
}

void pended_by_software(LineId line, bool set_triggers) {
    static constinit Device device{};
    device = Device{};
    CHECK(BoardLines::request<&device_top_half<Ipl::sched>>(line, "any", device) ==
          LineError::none);
    CHECK(BoardLines::enable(line) == LineError::none);
    for (u32 i = 1; i <= 10; ++i) {
        if (set_triggers) {
            Trigger const trigger = i % 2 == 0 ? Trigger::edge : Trigger::level;
            CHECK(BoardLines::set_trigger(line, trigger) == LineError::none);
        }
        pend(line);
        CHECK_EQUAL(device.runs, i);
        CHECK_EQUAL(this_cpu().lines[line.intid()].count, i);
    }
    CHECK_EQUAL(device.spl, held_at(Ipl::sched));
    CHECK(BoardLines::release(line) == LineError::none);
    check_calm();
}

void the_longest_run_is_measured() {
    static constinit Device device{};
    CHECK(BoardLines::request<&device_top_half<Ipl::vm>>(kSpi, "slow", device) == LineError::none);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    LineInfo const& info = line_info(kSpi.intid());
    device.spins = 4000;
    pend(kSpi);
    CHECK_EQUAL(info.longest, 0);  // not asked for
    CHECK(BoardLines::measure(kSpi, true) == LineError::none);
    u64 longest = 0;
    for (u64 const spins : {1000, 3000, 2000}) {
        device.spins = spins;
        pend(kSpi);
        CHECK(info.longest >= longest && info.longest >= spins);
        longest = info.longest;
    }
    CHECK(BoardLines::measure(kSpi, false) == LineError::none);
    CHECK_EQUAL(info.longest, 0);
    pend(kSpi);
    CHECK_EQUAL(info.longest, 0);
    CHECK_EQUAL(device.runs, 5);
    CHECK_EQUAL(this_cpu().lines[kSpi.intid()].count, 5);
    CHECK(BoardLines::release(kSpi) == LineError::none);
}

void not_mine_is_counted() {
    static constinit Device device{};
    CHECK(BoardLines::request<&shared_top_half>(kSpi, "shared", device) == LineError::none);
    CHECK(BoardLines::enable(kSpi) == LineError::none);
    LineInfo const& info = line_info(kSpi.intid());
    pend(kSpi);
    CHECK_EQUAL(info.spurious, 0);
    device.served = false;
    pend(kSpi);
    pend(kSpi);
    CHECK_EQUAL(info.spurious, 2);
    CHECK(BoardLines::measure(kSpi, true) == LineError::none);  // the detour counts it, too
    pend(kSpi);
    device.served = true;
    pend(kSpi);
    CHECK_EQUAL(info.spurious, 3);
    CHECK_EQUAL(this_cpu().lines[kSpi.intid()].count, 5);
    CHECK_EQUAL(device.runs, 5);
    CHECK(BoardLines::release(kSpi) == LineError::none);
    CHECK_EQUAL(info.spurious, 0);
}

}  // namespace

void image_main(MayBlock const&) {
    every_call_refuses_a_line_that_does_not_exist();
    every_call_refuses_a_line_that_nobody_has();
    a_taken_line_stays_its_owners();
    kinds_are_told_apart();
    an_sgi_has_no_trigger_to_set();
    released_and_requested_again();
    disabled_it_waits();
    pended_by_software(kSgi, false);
    pended_by_software(kPpi, false);
    pended_by_software(kSpi, true);
    the_longest_run_is_measured();
    not_mine_is_counted();
    check_calm();
    passed("lines");
}

}  // namespace pivot
