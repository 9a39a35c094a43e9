// Continuations that are taken back, waited for, scheduled for later, or that name the next one.
#include <random>

#include "intr/continuation.hpp"
#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

TEST(Cancel, ACancelledRunDoesNotCome) {
    Machine machine;
    int runs = 0;
    TestContinuation next(Ipl::softnet, [&](auto const&) { ++runs; });
    machine.run([&](MayBlock const& context) {
        {
            NoPreemption const hold;
            EXPECT_FALSE(next.get().cancel());  // nothing is due
            EXPECT_TRUE(next.schedule(context));
            EXPECT_TRUE(next.get().cancel());
            EXPECT_FALSE(next.get().cancel());  // it is already
        }
        EXPECT_EQ(runs, 0);
        EXPECT_FALSE(next.get().is_queued());
        EXPECT_TRUE(next.schedule(context));  // and it is as it was
        EXPECT_EQ(runs, 1);
    });
    machine.expect_at_rest();
}

TEST(Cancel, ScheduledAgainItRunsOnce) {
    Machine machine;
    int runs = 0;
    TestContinuation next(Ipl::softnet, [&](auto const&) { ++runs; });
    machine.run([&](MayBlock const& context) {
        {
            NoPreemption const hold;
            EXPECT_TRUE(next.schedule(context));
            EXPECT_TRUE(next.get().cancel());
            EXPECT_TRUE(next.schedule(context));  // one more run is due
            EXPECT_FALSE(next.schedule(context));
        }
        EXPECT_EQ(runs, 1);
    });
    machine.expect_at_rest();
}

TEST(Cancel, TheOthersOfTheQueueStayAsTheyWere) {
    Machine machine;
    Trace trace;
    TestContinuation a(Ipl::softbio, [&](auto const&) { trace.add("a"); });
    TestContinuation b(Ipl::softbio, [&](auto const&) { trace.add("b"); });
    TestContinuation c(Ipl::softbio, [&](auto const&) { trace.add("c"); });
    machine.run([&](MayBlock const& context) {
        NoPreemption const hold;
        for (TestContinuation* next : {&a, &b, &c}) {
            next->schedule(context);
        }
        EXPECT_TRUE(b.get().cancel());
    });
    EXPECT_EQ(trace.text(), "a c");
    machine.expect_at_rest();
}

TEST(Cancel, ARunThatHasBegunIsNotCancelled) {
    Machine machine;
    TestContinuation* self = nullptr;
    bool cancelled = true;
    TestContinuation next(Ipl::softnet, [&](auto const&) { cancelled = self->get().cancel(); });
    self = &next;
    machine.run([&](MayBlock const& context) { next.schedule(context); });
    EXPECT_FALSE(cancelled);
    machine.expect_at_rest();
}

// Cancelled, or scheduled anew after a cancel, at every access of a thread that does either and of
// the bottom half that takes it: runs = schedules that said yes - cancels that said yes.
void interrupted_at_every_point(bool top_half_cancels) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        int runs = 0, due = 0;
        TestContinuation next(Ipl::softnet, [&](auto const&) { ++runs; });
        TestLine<Ipl::vm> line(40, [&](auto const& context) {
            due += top_half_cancels ? -int{next.get().cancel()} : int{next.schedule(context)};
        });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            NoPreemption const hold;
            bool const first = next.schedule(context);
            bool const cancelled = next.get().cancel();
            bool const second = next.schedule(context);
            sim::Quiet const counting;
            due += int{first} - int{cancelled} + int{second};
        });
        sim::point();
        EXPECT_EQ(runs, due) << "point " << n;
        EXPECT_FALSE(next.get().is_queued());
        machine.run([&](MayBlock const& context) { EXPECT_TRUE(next.schedule(context)); });
        EXPECT_EQ(runs, due + 1) << "point " << n;  // nothing is left of it
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(20));
}

TEST(CancelPoints, CancelledByATopHalf) { interrupted_at_every_point(true); }
TEST(CancelPoints, ScheduledByATopHalf) { interrupted_at_every_point(false); }

TEST(Drain, ReturnsWhenWhatWasDueHasRun) {
    Machine machine;
    Ticker const ticker;
    Trace trace;
    Semaphore gate{"gate"};
    TestContinuation next(Ipl::softnet, [&](MayBlock const& context) {
        gate.wait(context);
        trace.add("runs");
    });
    TestThread opener("opener", kMainPriority - 1, [&](MayBlock const& context) {
        trace.add("opens");
        gate.post(context);
    });
    machine.run([&](MayBlock const& context) {
        next.schedule(context);  // it waits for the opener, who runs when we wait
        next.get().drain(context);
        trace.add("drained");
    });
    EXPECT_EQ(trace.text(), "opens runs drained");
    machine.expect_at_rest();
}

TEST(Drain, OneThatSchedulesItselfIsEnded) {
    Machine machine;
    Ticker const ticker;
    Semaphore gate{"gate"};
    int runs = 0;
    bool over = false;
    TestContinuation* self = nullptr;
    TestContinuation next(Ipl::softnet, [&](MayBlock const& context) {
        ++runs;
        if (!over) {
            self->schedule(context);
            gate.wait(context);
        }
    });
    self = &next;
    TestThread opener("opener", kMainPriority - 1, [&](MayBlock const& context) {
        for (int i = 0; i < 3; ++i) {
            gate.post(context);
        }
    });
    machine.run([&](MayBlock const& context) {
        next.schedule(context);
        next.get().cancel_and_wait(context);
        int const before = runs;
        EXPECT_FALSE(next.get().is_queued());
        Clock::sleep_ns(context, 1000);
        EXPECT_EQ(runs, before);
        EXPECT_LE(runs, 3);
        over = true;
        EXPECT_TRUE(next.schedule(context));  // as before
        EXPECT_EQ(runs, before + 1);
    });
    machine.expect_at_rest();
}

// It had begun, and schedules itself only when it is being ended: that run does not outlive us.
TEST(Drain, WhatARunSchedulesBehindUsHasEndedToo) {
    Machine machine;
    Ticker const ticker;
    Semaphore gate{"gate"};
    int runs = 0;
    bool inside = false;
    TestContinuation* self = nullptr;
    TestContinuation next(Ipl::softnet, [&](MayBlock const& context) {
        ++runs;
        inside = true;
        gate.wait(context);
        if (runs < 3) {
            self->schedule(context);
        }
        inside = false;
    });
    self = &next;
    TestThread opener("opener", kMainPriority - 1, [&](MayBlock const& context) {
        for (int i = 0; i < 3; ++i) {
            gate.post(context);
            Clock::sleep_ns(context, 500);
        }
    });
    machine.run([&](MayBlock const& context) {
        next.schedule(context);
        next.get().cancel_and_wait(context);
        EXPECT_FALSE(inside);
        EXPECT_FALSE(next.get().is_queued());
        Clock::sleep_ns(context, 3000);
        EXPECT_LE(runs, 2);
    });
    machine.expect_at_rest();
}

struct Chain {
    static Continuation* step(MayBlock const&, Chain& self) {
        self.trace->add(self.name);
        return self.after;
    }
    const char* name;
    Trace* trace;
    Continuation* after;
};

TEST(Chain, AContinuationNamesTheNextOne) {
    Machine machine;
    Trace trace;
    Chain last{"last", &trace, nullptr};
    Continuation last_step = Continuation::to<&Chain::step>(Ipl::softbio, last);
    Chain middle{"middle", &trace, &last_step};
    Continuation middle_step = Continuation::to<&Chain::step>(Ipl::softserial, middle);
    Chain first{"first", &trace, &middle_step};
    Continuation first_step = Continuation::to<&Chain::step>(Ipl::softnet, first);
    machine.run([&](MayBlock const& context) { first_step.schedule(context); });
    EXPECT_EQ(trace.text(), "first middle last");
    machine.expect_at_rest();
}

struct Beat {
    static void run(MayBlock const&, Beat& self) {
        ++self.runs;
        self.at = counter();
    }
    int runs = 0;
    u64 at = 0;
};

TEST(Delayed, RunsWhenItsTimeHasCome) {
    Machine machine;
    Ticker const ticker;
    Beat beat;
    auto later = DelayedContinuation::to<&Beat::run>(Ipl::softnet, beat);
    machine.run([&](MayBlock const& context) {
        u64 const deadline = counter() + 5000;
        EXPECT_FALSE(later.schedule_at(context, counter() + 2000));
        EXPECT_TRUE(later.schedule_at(context, deadline));  // its time from now on
        Clock::sleep_ns(context, 4000);
        EXPECT_EQ(beat.runs, 0);
        Clock::sleep_ns(context, 4000);
        EXPECT_EQ(beat.runs, 1);
        EXPECT_GE(beat.at, deadline);
    });
    machine.expect_at_rest();
}

TEST(Delayed, CancelledBeforeAndAfterItsTime) {
    Machine machine;
    Ticker const ticker;
    Beat beat;
    auto later = DelayedContinuation::to<&Beat::run>(Ipl::softclock, beat);
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(later.cancel(context), Cancelled::not_armed);
        later.schedule_at(context, counter() + 2000);
        EXPECT_EQ(later.cancel(context), Cancelled::cancelled);
        Clock::sleep_ns(context, 4000);
        EXPECT_EQ(beat.runs, 0);
        {
            NoPreemption const hold;
            later.schedule(context);  // its time has come, and it waits in its queue
            EXPECT_EQ(later.cancel(context), Cancelled::cancelled);
        }
        EXPECT_EQ(beat.runs, 0);
        later.schedule_at(context, counter() + 2000);
        later.cancel_and_wait(context);
        Clock::sleep_ns(context, 4000);
        EXPECT_EQ(beat.runs, 0);
    });
    machine.expect_at_rest();
}

}  // namespace
}  // namespace pivot
