// EventFlags: any and all, consuming, the order of waking, deadlines.
#include "kern/event_flags.hpp"

#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

TEST(EventFlags, AnyAndAllOfWhatIsSet) {
    Machine machine;
    EventFlags events("events", 0b0101);
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(events.wait_any(context, 0b0111), 0b0101u);
        EXPECT_EQ(events.wait_all(context, 0b0101), 0b0101u);
        EXPECT_EQ(events.try_any(context, 0b1010), 0u);
        EXPECT_EQ(events.try_all(context, 0b0111), 0u);
        EXPECT_EQ(events.flags(), 0b0101u);
        events.set(context, 0b0010);
        EXPECT_EQ(events.try_all(context, 0b0111), 0b0111u);
        events.clear(context, 0b0001);
        EXPECT_EQ(events.flags(), 0b0110u);
    });
    machine.expect_at_rest();
}

TEST(EventFlags, ConsumingClearsWhatEndedTheWait) {
    Machine machine;
    EventFlags events("events", 0b1111);
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(events.wait_any(context, 0b0011, Consume::yes), 0b0011u);
        EXPECT_EQ(events.flags(), 0b1100u);
        EXPECT_EQ(events.try_all(context, 0b0110, Consume::yes), 0u);
        EXPECT_EQ(events.flags(), 0b1100u) << "nothing was found, nothing is consumed";
        EXPECT_EQ(events.try_all(context, 0b0100, Consume::yes), 0b0100u);
        EXPECT_EQ(events.try_any(context, 0b1111, Consume::yes), 0b1000u);
        EXPECT_EQ(events.flags(), 0u);
    });
    machine.expect_at_rest();
}

// Threads above main that wait, and say what they have got.
struct Waiting {
    Trace trace;
    EventFlags events{"events"};

    TestThread::Body any(std::string name, u64 wanted, Consume consume = Consume::no) {
        return [=, this](MayBlock const& context) {
            u64 const got = events.wait_any(context, wanted, consume);
            trace.add(name + "=" + std::to_string(got));
        };
    }
    TestThread::Body all(std::string name, u64 wanted, Consume consume = Consume::no) {
        return [=, this](MayBlock const& context) {
            u64 const got = events.wait_all(context, wanted, consume);
            trace.add(name + "=" + std::to_string(got));
        };
    }
};

TEST(EventFlags, ASetWakesAllWhoseWaitIsOverHighestFirst) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 10, w.any("10a", 0b001));
        TestThread b("b", 12, w.all("12", 0b011));
        TestThread c("c", 11, w.all("11", 0b111));
        TestThread d("d", 10, w.any("10b", 0b110));
        TestThread e("e", 9, w.any("9", 0b100));
        {
            NoPreemption const hold;
            w.events.set(context, 0b011);
            w.trace.add("main");
        }
        EXPECT_EQ(w.trace.text(), "main 12=3 10a=1 10b=2");
        EXPECT_EQ(c.state(), ThreadState::blocked);
        w.events.set(context, 0b100);
        EXPECT_EQ(w.trace.text(), "main 12=3 10a=1 10b=2 11=7 9=4");
    });
    machine.expect_at_rest();
}

TEST(EventFlags, AConsumerLeavesOthersWhatItDidNotWaitFor) {
    Machine machine;
    Waiting w;
    machine.run([&](MayBlock const& context) {
        TestThread a("a", 12, w.any("12", 0b01));
        TestThread b("b", 11, w.any("11", 0b01, Consume::yes));
        TestThread c("c", 10, w.any("10", 0b01));
        TestThread d("d", 10, w.any("10b", 0b10, Consume::yes));
        w.events.set(context, 0b11);
        EXPECT_EQ(w.trace.text(), "12=1 11=1 10b=2");
        EXPECT_EQ(w.events.flags(), 0u);
        EXPECT_EQ(c.state(), ThreadState::blocked);
        w.events.set(context, 0b01);
        EXPECT_EQ(w.events.flags(), 0b01u);
    });
    EXPECT_EQ(w.trace.text(), "12=1 11=1 10b=2 10=1");
    machine.expect_at_rest();
}

TEST(EventFlags, AWaitEndsAtItsDeadlineAndConsumesNothing) {
    Machine machine;
    Ticker ticker;
    EventFlags events("events", 0b01);
    machine.run([&](MayBlock const& context) {
        u64 const deadline = counter() + 500;
        EXPECT_EQ(events.wait_all_until(context, 0b11, deadline, Consume::yes), 0u);
        EXPECT_GE(counter(), deadline);
        EXPECT_EQ(events.flags(), 0b01u);
        EXPECT_EQ(events.wait_any_until(context, 0b10, counter() + 500), 0u);
        EXPECT_EQ(events.wait_any_until(context, 0b11, deadline), 0b01u);
        events.set(context, 0b10);  // nobody waits any more
        EXPECT_EQ(events.flags(), 0b11u);
    });
    machine.expect_at_rest();
}

TEST(EventFlags, ATopHalfSetsByAContinuation) {
    Machine machine;
    Waiting w;
    TestContinuation set(Ipl::softnet, [&](MayBlock const& context) { w.events.set(context, 4); });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { set.schedule(context); });
    machine.run([&](MayBlock const&) {
        TestThread waiter("w", kMainPriority + 1, w.any("w", 6, Consume::yes));
        line.fire();
        EXPECT_EQ(w.trace.text(), "w=4");
    });
    machine.expect_at_rest();
}

// A bottom half sets at every memory access of a wait, until the CPU is idle.
TEST(EventFlags, NoSetIsLostAtAnyPointOfWait) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        EventFlags events("events");
        TestContinuation set(Ipl::softnet,
                             [&](MayBlock const& context) { events.set(context, 2); });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { set.schedule(context); });
        sim::Timer::arm(1'000'000);  // something to be idle for
        bool idle = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    idle = current_thread().priority() == kIdlePriority;
                }
            });
            EXPECT_EQ(events.wait_any(context, 3, Consume::yes), 2u);
        });
        EXPECT_EQ(events.flags(), 0u);
        machine.expect_at_rest();
        return !idle;
    });
    EXPECT_GE(points, least_points(10));
}

TEST(EventFlagsDeathTest, WaitingForNothing) {
    Machine machine;
    EventFlags events("events");
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(events.wait_any(context, 0), "a wait for no event flag would not end");
        NoPreemption const hold;
        EXPECT_DEATH(events.wait_any(context, 1), "sleep with the SPL raised .events");
    });
}

}  // namespace
}  // namespace pivot
