// Sleeping: order of waking, the alarm, conversions.
#include "kern/clock.hpp"

#include <memory>
#include <vector>

#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

TEST(Clock, SleepsAtLeastAsLongAsAsked) {
    Machine machine;
    Ticker ticker;
    machine.run([&](MayBlock const& context) {
        u64 const begin = counter();
        Clock::sleep_ns(context, 5000);
        EXPECT_GE(counter() - begin, Clock::ticks_of_ns(5000));
        EXPECT_LT(counter() - begin, Clock::ticks_of_ns(6000));
    });
    EXPECT_EQ(ticker.runs(), 1u);
    machine.expect_at_rest();
}

TEST(Clock, ADeadlineInThePastWakesAtOnce) {
    Machine machine;
    Ticker ticker;
    sim::advance(1000);
    machine.run([&](MayBlock const& context) { Scheduler::sleep_until(context, 10); });
    EXPECT_LT(counter(), 2000u);
    machine.expect_at_rest();
}

TEST(Clock, WakesInOrderOfDeadlineThenOfArrival) {
    Machine machine;
    Ticker ticker;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        std::vector<std::unique_ptr<TestThread>> sleepers;
        for (auto const& [name, time] : std::vector<std::pair<std::string, u64>>{
                 {"3000", 3000}, {"1000", 1000}, {"2000a", 2000}, {"2000b", 2000}}) {
            sleepers.push_back(std::make_unique<TestThread>(
                "sleeper", kMainPriority + 1, [&trace, name, time](MayBlock const& c) {
                    Scheduler::sleep_until(c, 10000 + time);
                    trace.add(name);
                }));
            EXPECT_EQ(sleepers.back()->state(), ThreadState::sleeping);
        }
        Scheduler::sleep_until(context, 20000);
    });
    EXPECT_EQ(trace.text(), "1000 2000a 2000b 3000");
    EXPECT_EQ(ticker.runs(), 4u) << "tickless: one interrupt a deadline";
    machine.expect_at_rest();
}

TEST(Clock, ALaterSleeperLeavesTheAlarmAlone) {
    Machine machine;
    Ticker ticker;
    machine.run([&](MayBlock const& context) {
        TestThread first("first", 9, [](MayBlock const& c) { Scheduler::sleep_until(c, 5000); });
        EXPECT_EQ(machine.sim().deadline, 5000u);
        TestThread second("second", 9, [](MayBlock const& c) { Scheduler::sleep_until(c, 9000); });
        EXPECT_EQ(machine.sim().deadline, 5000u);
        TestThread third("third", 9, [](MayBlock const& c) { Scheduler::sleep_until(c, 4000); });
        EXPECT_EQ(machine.sim().deadline, 4000u);
        Scheduler::sleep_until(context, 10000);  // none is left behind
    });
}

TEST(Clock, ManyDueAtOnceAreAllWokenHighestFirst) {
    Machine machine;
    Ticker ticker;
    Trace trace;
    machine.run([&](MayBlock const& context) {
        std::vector<std::unique_ptr<TestThread>> sleepers;
        for (u32 const priority : {9u, 12u, 10u, 11u}) {
            sleepers.push_back(std::make_unique<TestThread>("sleeper", priority,
                                                            [&trace, priority](MayBlock const& c) {
                                                                Scheduler::sleep_until(c, 5000);
                                                                trace.add(std::to_string(priority));
                                                            }));
        }
        Scheduler::sleep_until(context, 5000);
        trace.add("main");
    });
    EXPECT_EQ(trace.text(), "12 11 10 9 main");
    machine.expect_at_rest();
}

TEST(Clock, Conversions) {
    EXPECT_EQ(Clock::ticks_of_ns(0), 0u);
    EXPECT_EQ(Clock::ticks_of_ns(1'500'000'000), sim::kCounterHz * 3 / 2);
    u64 const century = u64{100} * 365 * 86400 * 1'000'000'000;
    EXPECT_EQ(Clock::ns_of_ticks(Clock::ticks_of_ns(century)), century);
}

TEST(Clock, NothingWrapsAround) {
    Machine machine;
    sim::advance(1000);
    EXPECT_EQ(Clock::ticks_of_ns(Clock::kNever), Clock::kNever);
    EXPECT_EQ(Clock::ns_of_ticks(Clock::kNever), Clock::kNever);
    EXPECT_EQ(Clock::deadline_after_ns(Clock::kNever), Clock::kNever);
    EXPECT_EQ(Clock::deadline_after_ns(Clock::kNever - 1000), Clock::kNever);
    EXPECT_LT(Clock::deadline_after_ns(Clock::kNever / 2), Clock::kNever / 2 + 2000);
}

TEST(ClockDeathTest, ATopHalfMayNotSleep) {
    Machine machine;
    MayBlock const* smuggled = nullptr;
    TestLine<Ipl::vm> line(40, [&](auto const&) { Clock::sleep_ns(*smuggled, 1); });
    machine.run([&](MayBlock const& context) {
        smuggled = &context;
        EXPECT_DEATH(line.fire(), "a top half may not block .sleep");
    });
}

}  // namespace
}  // namespace pivot
