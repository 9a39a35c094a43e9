// Callouts: order, the alarm, moving, cancelling, periods, and many due at once.
#include "kern/callout.hpp"

#include <vector>

#include "tests/unit/kern/test_callout.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

// Lets time pass until `deadline`, in the thread: interrupts are taken.
void wait_until(u64 deadline) {
    while (counter() < deadline) {
        sim::point();
    }
}

TEST(Callout, RunsAtItsTimeInSoftclock) {
    Machine machine;
    Ticker ticker;
    u64 ran_at = 0;
    TestCallout callout([&](MayWake const&) {
        ran_at = counter();
        EXPECT_EQ(spl_current().held, held_at(Ipl::softclock));
        EXPECT_FALSE(on_interrupt_stack());
    });
    machine.run([&](MayBlock const& context) {
        EXPECT_FALSE(callout->arm(context, 500));
        EXPECT_TRUE(callout->is_armed());
        wait_until(499);
        EXPECT_EQ(ran_at, 0u);
        wait_until(600);
        EXPECT_GE(ran_at, 500u);
        EXPECT_LT(ran_at, 550u);
        EXPECT_FALSE(callout->is_armed());
    });
    EXPECT_EQ(ticker.runs(), 1u);
    machine.expect_at_rest();
}

TEST(Callout, InOrderOfDeadlineThenOfArming) {
    Machine machine;
    Ticker ticker;
    Trace trace;
    std::list<TestCallout> all;
    machine.run([&](MayBlock const& context) {
        for (auto const& [name, time] : std::vector<std::pair<std::string, u64>>{
                 {"30", 3000}, {"10", 1000}, {"20a", 2000}, {"20b", 2000}, {"20c", 2000}}) {
            all.emplace_back([&trace, name](MayWake const&) { trace.add(name); });
            all.back()->arm(context, time);
        }
        wait_until(4000);
    });
    EXPECT_EQ(trace.text(), "10 20a 20b 20c 30");
    EXPECT_EQ(ticker.runs(), 3u) << "one interrupt a deadline";
    machine.expect_at_rest();
}

TEST(Callout, ADeadlineInThePastRunsAtOnce) {
    Machine machine;
    Ticker ticker;
    int runs = 0;
    TestCallout callout([&](MayWake const&) { ++runs; });
    sim::advance(1000);
    machine.run([&](MayBlock const& context) {
        callout->arm(context, 0);
        EXPECT_EQ(runs, 1);
        callout->arm(context, counter());
        EXPECT_EQ(runs, 2);
        callout->arm_after_ns(context, 0);
        EXPECT_EQ(runs, 3);
    });
    machine.expect_at_rest();
}

TEST(Callout, TheAlarmIsTheSoonestDeadline) {
    Machine machine;
    Ticker ticker;
    TestCallout a([](MayWake const&) {}), b([](MayWake const&) {}), c([](MayWake const&) {});
    machine.run([&](MayBlock const& context) {
        auto const alarm = [&] { return machine.sim().deadline; };
        a->arm(context, 5000);
        EXPECT_EQ(alarm(), 5000u);
        b->arm(context, 9000);
        EXPECT_EQ(alarm(), 5000u) << "a later one leaves it alone";
        c->arm(context, 4000);
        EXPECT_EQ(alarm(), 4000u);
        EXPECT_TRUE(c->arm(context, 6000)) << "moved";
        EXPECT_EQ(alarm(), 5000u);
        EXPECT_EQ(a->cancel(context), Cancelled::cancelled);
        EXPECT_EQ(alarm(), 6000u);
        EXPECT_EQ(b->cancel(context), Cancelled::cancelled);
        EXPECT_EQ(alarm(), 6000u);
        EXPECT_EQ(c->cancel(context), Cancelled::cancelled);
        EXPECT_EQ(alarm(), Clock::kNever) << "nobody waits: no interrupt";
    });
    EXPECT_EQ(ticker.runs(), 0u);
    machine.expect_at_rest();
}

TEST(Callout, CancelSaysWhatItFound) {
    Machine machine;
    Ticker ticker;
    TestCallout* self = nullptr;
    int runs = 0;
    machine.run([&](MayBlock const& context) {
        TestCallout callout([&](MayWake const& inside) {
            ++runs;
            EXPECT_EQ((*self)->cancel(inside), Cancelled::running);
        });
        self = &callout;
        EXPECT_EQ(callout->cancel(context), Cancelled::not_armed);
        callout->arm(context, 1000);
        EXPECT_EQ(callout->cancel(context), Cancelled::cancelled);
        EXPECT_EQ(callout->cancel(context), Cancelled::not_armed);
        wait_until(1500);
        EXPECT_EQ(runs, 0);
        callout->arm(context, 2000);
        wait_until(2500);
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(callout->cancel(context), Cancelled::not_armed);
    });
    machine.expect_at_rest();
}

// A higher bottom half comes while the function runs.
TEST(Callout, CancelledWhileItRuns) {
    Machine machine;
    Ticker ticker;
    Cancelled found = Cancelled::not_armed;
    TestCallout* self = nullptr;
    TestContinuation higher(Ipl::softnet,
                            [&](MayBlock const& inside) { found = (*self)->cancel(inside); });
    int runs = 0;
    machine.run([&](MayBlock const& context) {
        TestCallout callout([&](MayWake const& inside) {
            ++runs;
            higher.schedule(inside);
        });
        self = &callout;
        callout->arm_every(context, 1000, 1000);
        wait_until(5000);
        EXPECT_EQ(found, Cancelled::running);
        EXPECT_EQ(runs, 1) << "its next time was cancelled, too";
        EXPECT_FALSE(callout->is_armed());
    });
    machine.expect_at_rest();
}

TEST(Callout, CancelAndWaitReturnsWhenTheFunctionHasReturned) {
    Machine machine;
    Ticker ticker;
    Trace trace;
    TestCallout* self = nullptr;
    TestContinuation higher(Ipl::softnet, [&](MayBlock const& inside) {
        trace.add("cancel");
        (*self)->cancel_and_wait(inside);  // blocks: what it interrupted goes on
        trace.add("cancelled");
    });
    machine.run([&](MayBlock const& context) {
        TestCallout callout([&](MayWake const& inside) {
            trace.add("<");
            higher.schedule(inside);
            trace.add(">");
        });
        self = &callout;
        callout->arm_every(context, 1000, 1000);
        Clock::sleep_ns(context, 100'000);
        callout->cancel_and_wait(context);
    });
    EXPECT_EQ(trace.text(), "< cancel > cancelled");
    machine.expect_at_rest();
}

TEST(Callout, ArmsItselfAgain) {
    Machine machine;
    Ticker ticker;
    std::vector<u64> at;
    TestCallout* self = nullptr;
    TestCallout callout([&](MayWake const& inside) {
        at.push_back(counter() / 100);
        if (at.size() < 4) {
            EXPECT_FALSE((*self)->arm(inside, at.size() * 1000 + 1000));
        }
    });
    self = &callout;
    machine.run([&](MayBlock const& context) {
        callout->arm(context, 1000);
        wait_until(9000);
    });
    EXPECT_EQ(at, (std::vector<u64>{10, 20, 30, 40}));
    EXPECT_EQ(ticker.runs(), 4u);
    machine.expect_at_rest();
}

TEST(Callout, APeriodicOneKeepsItsPhase) {
    Machine machine;
    Ticker ticker;
    std::vector<u64> at;
    TestCallout callout([&](MayWake const&) { at.push_back(counter() / 100); });
    machine.run([&](MayBlock const& context) {
        callout->arm_every(context, 700, 1000);
        wait_until(4000);
        EXPECT_TRUE(callout->is_armed());
        EXPECT_EQ(callout->cancel(context), Cancelled::cancelled);
        wait_until(9000);
    });
    EXPECT_EQ(at, (std::vector<u64>{7, 17, 27, 37}));
    machine.expect_at_rest();
}

TEST(Callout, APeriodicOneThatFallsBehindLeavesTimesOut) {
    Machine machine;
    Ticker ticker;
    std::vector<u64> at;
    TestCallout callout([&](MayWake const&) { at.push_back(counter() / 100); });
    machine.run([&](MayBlock const& context) {
        callout->arm_every(context, 1000, 1000);
        {
            SplGuard const late(Ipl::softclock);
            wait_until(4500);
        }
        wait_until(6500);
        (void)callout->cancel(context);
    });
    EXPECT_EQ(at, (std::vector<u64>{45, 50, 60})) << "once, late; then at the next multiples";
    machine.expect_at_rest();
}

// A function that takes longer than its period: others have their turn all the same.
TEST(Callout, APeriodShorterThanItsFunctionKeepsNobodyFromRunning) {
    Machine machine;
    Ticker ticker;
    int busy_runs = 0, other_runs = 0;
    TestCallout busy([&](MayWake const&) {
        sim::advance(250);
        ++busy_runs;
    });
    TestCallout other([&](MayWake const&) { ++other_runs; });
    machine.run([&](MayBlock const& context) {
        Spl const old = splraise(Ipl::softclock);
        busy->arm_every(context, 100, 100);
        other->arm(context, 1000);
        // softclock would not come to an end by itself
        TestCallout stop([&](MayWake const& inside) { (void)busy->cancel(inside); });
        stop->arm(context, 2000);
        sim::advance(100);
        splx(old);
        wait_until(3000);
        EXPECT_GE(busy_runs, 4);
        EXPECT_LE(busy_runs, 9);
    });
    EXPECT_EQ(other_runs, 1);
}

TEST(Callout, APeriodThatReachesBeyondTheEndOfTimeIsNever) {
    Machine machine;
    Ticker ticker;
    int runs = 0;
    TestCallout callout([&](MayWake const&) { ++runs; });
    machine.run([&](MayBlock const& context) {
        callout->arm_every(context, 1000, Clock::kNever - 10);
        wait_until(2000);
        EXPECT_EQ(runs, 1);
        EXPECT_EQ(machine.sim().deadline, Clock::kNever);
        EXPECT_EQ(callout->cancel(context), Cancelled::cancelled);
    });
    machine.expect_at_rest();
}

TEST(Callout, AThousandDueAtOnceRunOnceEachInOrderWithHigherOnesInBetween) {
    constexpr u32 kMany = 1000;
    Machine machine;
    Ticker ticker;
    std::vector<u32> ran;
    u32 higher_runs = 0;
    u64 longest = 0, before = 0;
    TestContinuation higher(Ipl::softbio, [&](auto const&) { ++higher_runs; });
    TestLine<Ipl::high> line(40, [&](auto const& context) { higher.schedule(context); });
    std::list<TestCallout> all;
    machine.run([&](MayBlock const& context) {
        SplGuard const hold(Ipl::softclock);
        for (u32 i = 0; i < kMany; ++i) {
            all.emplace_back([&, i](MayWake const&) {
                EXPECT_EQ(higher_runs, ran.size()) << "it came before the next callout";
                ran.push_back(i);
                line.pend();
                longest =
                    before != 0 && counter() - before > longest ? counter() - before : longest;
                before = counter();
            });
            all.back()->arm(context, 100'000 + (kMany - i) / 10);
        }
        sim::advance(200'000);
        sim::point();
        EXPECT_EQ(ran.size(), 0u);
    });
    ASSERT_EQ(ran.size(), kMany);
    for (u32 i = 1; i < kMany; ++i) {
        u32 const a = (kMany - ran[i - 1]) / 10;
        u32 const b = (kMany - ran[i]) / 10;
        EXPECT_TRUE(a < b || (a == b && ran[i - 1] < ran[i])) << i;
    }
    EXPECT_LT(longest, 60u) << "from one to the next, in points of this machine";
    EXPECT_EQ(ticker.runs(), 1u);
    all.clear();
    machine.expect_at_rest();
}

TEST(Callout, AListingShowsThemSoonestFirst) {
    Machine machine;
    Ticker ticker;
    std::list<TestCallout> all;
    machine.run([&](MayBlock const& context) {
        for (u64 const time : {9000u, 3000u, 5000u, 3000u}) {
            all.emplace_back([](MayWake const&) {});
            all.back()->arm_every(context, time, time / 3);
        }
        EXPECT_EQ(Callout::armed_count(0), 4u);
        EXPECT_EQ(Callout::armed_count(1), 0u);
        std::vector<u64> seen;
        CalloutView view{};
        while (Callout::next_armed(0, view)) {
            EXPECT_STREQ(view.name, "test");
            EXPECT_EQ(view.period, view.deadline / 3);
            seen.push_back(view.deadline);
        }
        EXPECT_EQ(seen, (std::vector<u64>{3000, 3000, 5000, 9000}));
        all.clear();
        EXPECT_EQ(Callout::armed_count(0), 0u);
    });
}

TEST(CalloutDeathTest, APeriodIsNotZero) {
    Machine machine;
    TestCallout callout([](MayWake const&) {});
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(callout->arm_every(context, 1, 0), "a periodic callout has a period .test");
    });
}

TEST(CalloutDeathTest, ASmuggledTokenDoesNotLetItWait) {
    Machine machine;
    Ticker ticker;
    MayBlock const* smuggled = nullptr;
    TestCallout callout([&](MayWake const&) { Clock::sleep_ns(*smuggled, 1000); });
    machine.run([&](MayBlock const& context) {
        smuggled = &context;
        EXPECT_DEATH(callout->arm(context, 0), "a softclock continuation blocks");
    });
}

}  // namespace
}  // namespace pivot
