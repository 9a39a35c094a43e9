// The line table: errors by value, strays, spurious interrupts, statistics, triggers.
#include "intr/line.hpp"

#include <string>
#include <vector>

#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

struct Device {
    int runs = 0;
    Served answer = Served::yes;
};
void top_half(TopHalf<Ipl::vm> const&, Device& device) { ++device.runs; }
Served shared_top_half(TopHalf<Ipl::sched> const&, Device& device) {
    ++device.runs;
    return device.answer;
}
void slow_top_half(TopHalf<Ipl::high> const&, Device& device) {
    ++device.runs;
    sim::advance(100 * static_cast<u64>(device.runs));
}

constexpr Spi kLine{50};

TEST(Line, IsRequestedEnabledAndReleased) {
    Machine machine;
    Device device;
    EXPECT_EQ(SimLines::request<&top_half>(kLine, "disk", device), LineError::none);
    EXPECT_STREQ(line_info(50).name, "disk");
    EXPECT_FALSE(SimController::is_enabled(50)) << "requested, not enabled yet";
    EXPECT_EQ(SimLines::enable(kLine), LineError::none);
    EXPECT_EQ(SimLines::pend(kLine), LineError::none);
    sim::point();
    EXPECT_EQ(device.runs, 1);
    EXPECT_EQ(machine.cpu().lines[50].count, 1u);
    EXPECT_EQ(SimLines::disable(kLine), LineError::none);
    EXPECT_EQ(SimLines::pend(kLine), LineError::none);
    sim::point();
    EXPECT_EQ(device.runs, 1) << "disabled";
    EXPECT_EQ(SimLines::release(kLine), LineError::none);
    EXPECT_EQ(line_info(50).name, nullptr);
}

TEST(Line, ErrorsAreReturned) {
    Machine machine;
    Device device;
    LineId const beyond(SimController::kLines);
    EXPECT_EQ(SimLines::request<&top_half>(beyond, "x", device), LineError::out_of_range);
    EXPECT_EQ(SimLines::enable(beyond), LineError::out_of_range);
    EXPECT_EQ(SimLines::pend(beyond), LineError::out_of_range);
    EXPECT_EQ(SimLines::release(beyond), LineError::out_of_range);
    EXPECT_EQ(SimLines::measure(beyond, true), LineError::out_of_range);
    EXPECT_EQ(SimLines::enable(kLine), LineError::not_requested);
    EXPECT_EQ(SimLines::disable(kLine), LineError::not_requested);
    EXPECT_EQ(SimLines::release(kLine), LineError::not_requested);
    EXPECT_EQ(SimLines::measure(kLine, true), LineError::not_requested);
    EXPECT_EQ(SimLines::set_trigger(kLine, Trigger::edge), LineError::not_requested);
    EXPECT_EQ(SimLines::request<&top_half>(kLine, "a", device), LineError::none);
    EXPECT_EQ(SimLines::request<&shared_top_half>(kLine, "b", device), LineError::taken);
    EXPECT_STREQ(line_info(50).name, "a");
}

TEST(Line, KindsAtRunTime) {
    EXPECT_EQ(SimLines::expect_kind(LineId(40), LineKind::ppi), LineError::wrong_kind);
    EXPECT_EQ(SimLines::expect_kind(LineId(27), LineKind::ppi), LineError::none);
    EXPECT_EQ(SimLines::expect_kind(LineId(40), LineKind::spi), LineError::none);
    EXPECT_EQ(SimLines::expect_kind(LineId(2), LineKind::spi), LineError::wrong_kind);
    EXPECT_EQ(SimLines::expect_kind(LineId(900), LineKind::spi), LineError::out_of_range);
}

TEST(Line, TriggersOfEachKind) {
    Machine machine;
    Device a, b, c;
    EXPECT_EQ(SimLines::request<&top_half>(Sgi{1}, "sgi", a), LineError::none);
    EXPECT_EQ(SimLines::set_trigger(Sgi{1}, Trigger::edge), LineError::wrong_kind);
    EXPECT_EQ(SimLines::request<&top_half>(Ppi{20}, "ppi", b), LineError::none);
    EXPECT_EQ(SimLines::set_trigger(Ppi{20}, Trigger::edge), LineError::fixed);
    EXPECT_EQ(SimLines::request<&top_half>(kLine, "spi", c), LineError::none);
    EXPECT_EQ(SimLines::set_trigger(kLine, Trigger::edge), LineError::none);
}

TEST(Line, EveryErrorHasAText) {
    for (LineError const error :
         {LineError::none, LineError::out_of_range, LineError::taken, LineError::not_requested,
          LineError::wrong_kind, LineError::fixed, LineError::other_cpu, LineError::no_such_cpu,
          LineError::shared, LineError::other_level, LineError::limited}) {
        EXPECT_GT(std::string(text_of(error)).size(), 5u);
    }
}

TEST(Line, ABankedLineIsInEveryCpusTable) {
    Machine machine;
    Device device;
    EXPECT_EQ(SimLines::request<&top_half>(Ppi{20}, "ppi", device), LineError::none);
    for (u32 id = 0; id < kMaxCpus; ++id) {
        EXPECT_EQ(cpu_of(id).lines[20].argument, &device) << "CPU " << id;
        EXPECT_EQ(cpu_of(id).lines[20].spl, held_at(Ipl::vm));
    }
    init_line_table(cpu_of(2), [](u32) {});
    EXPECT_EQ(cpu_of(2).lines[20].argument, &device) << "a CPU that comes up later gets it, too";
    EXPECT_EQ(cpu_of(2).lines[21].argument, &line_info(21)) << "and strays for the others";
    EXPECT_EQ(SimLines::release(Ppi{20}), LineError::none);
    for (u32 id = 0; id < kMaxCpus; ++id) {
        EXPECT_NE(cpu_of(id).lines[20].argument, &device) << "CPU " << id;
    }
}

TEST(Line, AnSpiIsInTheTableOfTheCpuThatRequestedIt) {
    Machine machine;
    Device device;
    init_line_table(cpu_of(1), [](u32) {});
    EXPECT_EQ(SimLines::request<&top_half>(kLine, "disk", device), LineError::none);
    EXPECT_EQ(line_info(50).cpu, 0u);
    EXPECT_EQ(cpu_of(0).lines[50].argument, &device);
    EXPECT_EQ(cpu_of(1).lines[50].argument, &line_info(50));
}

TEST(Line, IsNotReleasedWhereItsTopHalfMayBeRunningElsewhere) {
    Machine machine;
    Device device;
    EXPECT_EQ(SimLines::request<&top_half>(kLine, "disk", device), LineError::none);
    line_info(50).cpu = 1;
    EXPECT_EQ(SimLines::release(kLine), LineError::other_cpu);
    EXPECT_STREQ(line_info(50).name, "disk") << "nothing has happened";
    line_info(50).cpu = 0;
    EXPECT_EQ(SimLines::release(kLine), LineError::none);

    EXPECT_EQ(SimLines::request<&top_half>(Ppi{20}, "ppi", device), LineError::none);
    EXPECT_EQ(SimLines::enable(Ppi{20}), LineError::none);
    EXPECT_EQ(line_info(20).enabled_on, 1u);
    line_info(20).enabled_on |= 2;
    EXPECT_EQ(SimLines::release(Ppi{20}), LineError::other_cpu);
    line_info(20).enabled_on &= ~u64{2};
    EXPECT_EQ(SimLines::release(Ppi{20}), LineError::none);
}

void stop_top_half(TopHalf<Ipl::high> const&, Trace& events) { events.add("stop"); }

TEST(Line, AnUnmaskableLineComesAtEverySplAndOnTopOfEveryTopHalf) {
    Machine machine;
    Trace trace;
    EXPECT_EQ(SimLines::request_unmaskable<&stop_top_half>(Sgi{1}, "stop", trace), LineError::none);
    EXPECT_EQ(SimLines::enable(Sgi{1}), LineError::none);
    {
        SplGuard const hold(Ipl::high);
        SimController::pend(1);
        sim::point();
        EXPECT_EQ(trace.text(), "stop");
    }
    TestLine<Ipl::high> high(52, [&](auto const&) {
        trace.add("high<");
        SimController::pend(1);
        sim::point();
        trace.add(">high");
    });
    high.fire();
    EXPECT_EQ(trace.text(), "stop high< stop >high");
}

TEST(Line, AnEdgeIsOneInterruptALevelLastsUntilItIsQuieted) {
    for (Trigger const trigger : {Trigger::edge, Trigger::level}) {
        Machine machine;
        int runs = 0;
        TestLine<Ipl::vm> line(50, [&](auto const&) {
            if (++runs == 3) {
                SimController::deassert_line(50);
            }
        });
        EXPECT_EQ(SimLines::set_trigger(LineId(50), trigger), LineError::none);
        SimController::assert_line(50);
        sim::point();
        EXPECT_EQ(runs, trigger == Trigger::edge ? 1 : 3);
        machine.expect_at_rest();
    }
}

TEST(Line, SpuriousTopHalvesAreCounted) {
    Machine machine;
    Device device;
    EXPECT_EQ(SimLines::request<&shared_top_half>(kLine, "shared", device), LineError::none);
    EXPECT_EQ(SimLines::enable(kLine), LineError::none);
    for (Served const answer : {Served::yes, Served::no, Served::no}) {
        device.answer = answer;
        SimController::pend(50);
        sim::point();
    }
    EXPECT_EQ(device.runs, 3) << "called once each";
    EXPECT_EQ(line_info(50).spurious, 2u);
    EXPECT_EQ(machine.cpu().lines[50].count, 3u);
}

TEST(Line, TheLongestTopHalfIsKeptWhileMeasured) {
    Machine machine;
    Device device;
    EXPECT_EQ(SimLines::request<&slow_top_half>(kLine, "slow", device), LineError::none);
    EXPECT_EQ(SimLines::enable(kLine), LineError::none);
    auto fire = [] {
        SimController::pend(50);
        sim::point();
    };
    fire();
    EXPECT_EQ(line_info(50).longest, 0u) << "not measured";
    EXPECT_EQ(SimLines::measure(kLine, true), LineError::none);
    fire();
    fire();
    EXPECT_GE(line_info(50).longest, 300u);
    EXPECT_LT(line_info(50).longest, 350u);
    device.runs = 0;
    fire();
    EXPECT_GE(line_info(50).longest, 300u) << "a shorter one does not replace it";
    EXPECT_EQ(SimLines::measure(kLine, false), LineError::none);
    device.runs = 9;
    fire();
    EXPECT_EQ(line_info(50).longest, 0u);
}

std::vector<std::string> g_log;

TEST(Line, AStrayIsMaskedAndReportedOnce) {
    Machine machine;
    g_log.clear();
    set_console([](const char* text, usize length) { g_log.emplace_back(text, length); });
    for (int i = 0; i < 2; ++i) {
        SimController::enable(77);  // as firmware may have left it
        SimController::set_priority(77, Ipl::vm);
        SimController::pend(77);
        sim::point();
        EXPECT_FALSE(SimController::is_enabled(77)) << "masked";
    }
    set_console(nullptr);
    std::string all;
    for (std::string const& piece : g_log) {
        all += piece;
    }
    EXPECT_EQ(all, "line 77 fired, but nobody has requested it: masked\n");
    machine.expect_at_rest();
}

TEST(Line, ASpuriousAcknowledgeIsCountedAndNotDispatched) {
    Machine machine;
    SimController::Accesses const before = SimController::accesses();
    SimController::signal_nothing();
    sim::point();
    EXPECT_EQ(machine.cpu().lines[1023].count, 1u);
    EXPECT_EQ(SimController::accesses().drop, before.drop) << "nothing to end";
    EXPECT_EQ(SimController::accesses().deactivate, before.deactivate);
    machine.expect_at_rest();
}

TEST(Line, NestsByPriority) {
    Machine machine;
    Trace trace;
    TestLine<Ipl::high> high(52, [&](auto const&) { trace.add("high"); });
    TestLine<Ipl::sched> sched(51, [&](auto const&) {
        trace.add("sched<");
        high.fire();
        trace.add(">sched");
    });
    TestLine<Ipl::vm> peer(53, [&](auto const&) { trace.add("peer"); });
    TestLine<Ipl::vm> vm(50, [&](auto const&) {
        trace.add("vm<");
        peer.fire();  // of the same level: waits
        sched.fire();
        EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
        trace.add(">vm");
    });
    vm.fire();
    EXPECT_EQ(trace.text(), "vm< sched< high >sched >vm peer");
    EXPECT_EQ(machine.sim().deepest, 3u);
    machine.expect_at_rest();
}

TEST(Line, AnInterruptCostsOneAcknowledgeOneDropOneDeactivation) {
    Machine machine;
    TestLine<Ipl::vm> line(50, [](auto const&) {});
    SimController::Accesses const before = SimController::accesses();
    line.fire();
    if (!SimController::has_priorities()) {
        EXPECT_EQ(SimController::accesses().acknowledge,
                  before.acknowledge + SimController::kLines / 32);  // looks at each word once
        EXPECT_EQ(SimController::accesses().distributor, before.distributor + 4)
            << "the device's own, mask, the edge forgotten, unmask";
        return;
    }
    EXPECT_EQ(SimController::accesses().acknowledge, before.acknowledge + 1);
    EXPECT_EQ(SimController::accesses().drop, before.drop + 1);
    EXPECT_EQ(SimController::accesses().deactivate, before.deactivate + 1);
    EXPECT_EQ(SimController::accesses().mask, before.mask) << "lazy: the mask is not touched";
}

TEST(LineDeathTest, ATopHalfMustRestoreTheSpl) {
    Machine machine;
    TestLine<Ipl::vm> line(50, [](auto const&) { (void)splraise(Ipl::high); });
    EXPECT_DEATH(line.fire(), "a top half returned with another SPL");
}

}  // namespace
}  // namespace pivot
