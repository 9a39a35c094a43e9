// ReadWriteLock: who is let in together, in which order, deadlines, and what is refused.
#include "kern/read_write_lock.hpp"

#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

// Threads that want in, say so when they are, and leave when `leave` is posted.
struct Crowd {
    Trace trace;
    ReadWriteLock lock{"table"};
    Semaphore leave{"leave"};

    TestThread::Body reader(std::string name) {
        return [this, name](MayBlock const& context) {
            ReadGuard const guard(lock, context);
            trace.add(name);
            leave.wait(context);
        };
    }
    TestThread::Body writer(std::string name) {
        return [this, name](MayBlock const& context) {
            WriteGuard const guard(lock, context);
            EXPECT_EQ(lock.readers(), 0u);
            trace.add(name);
            leave.wait(context);
        };
    }
    void let_leave(MayBlock const& context, int number) {
        for (int i = 0; i < number; ++i) {
            leave.post(context);
        }
    }
};

TEST(ReadWriteLock, ReadersTogetherAWriterAlone) {
    Machine machine;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread r1("r1", 10, c.reader("r1"));
        TestThread r2("r2", 10, c.reader("r2"));
        EXPECT_EQ(c.lock.readers(), 2u);
        TestThread w("w", 10, c.writer("w"));
        EXPECT_EQ(c.trace.text(), "r1 r2");
        c.let_leave(context, 2);
        EXPECT_EQ(c.trace.text(), "r1 r2 w");
        EXPECT_EQ(c.lock.writer(), &w.get());
        TestThread r3("r3", 10, c.reader("r3"));
        EXPECT_EQ(c.trace.text(), "r1 r2 w");
        c.let_leave(context, 2);
    });
    EXPECT_EQ(c.trace.text(), "r1 r2 w r3");
    EXPECT_EQ(c.lock.readers(), 0u);
    EXPECT_EQ(c.lock.writer(), nullptr);
    machine.expect_at_rest();
}

TEST(ReadWriteLock, AReaderWaitsBehindAWriterOfItsPriority) {
    Machine machine;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread r1("r1", 10, c.reader("r1"));
        TestThread w("w", 10, c.writer("w"));
        TestThread r2("r2", 10, c.reader("r2"));
        EXPECT_EQ(r2.state(), ThreadState::blocked) << "or the writer could wait for ever";
        c.let_leave(context, 3);
    });
    EXPECT_EQ(c.trace.text(), "r1 w r2");
    machine.expect_at_rest();
}

TEST(ReadWriteLock, AReaderThatOutranksTheWaitingWriterEnters) {
    Machine machine;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread r1("r1", 10, c.reader("r1"));
        TestThread w("w", 10, c.writer("w"));
        TestThread r2("r2", 11, c.reader("r2"));
        EXPECT_EQ(c.trace.text(), "r1 r2");
        c.let_leave(context, 3);
    });
    EXPECT_EQ(c.trace.text(), "r1 r2 w");
    machine.expect_at_rest();
}

TEST(ReadWriteLock, AReleaseLetsInByPriorityAndReadersInARowTogether) {
    Machine machine;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread w0("w0", 10, c.writer("w0"));
        TestThread r1("r1", 10, c.reader("r10"));
        TestThread w1("w1", 11, c.writer("w11"));
        TestThread r2("r2", 12, c.reader("r12"));
        TestThread r3("r3", 11, c.reader("r11"));
        TestThread r4("r4", 12, c.reader("r12b"));
        c.let_leave(context, 1);
        EXPECT_EQ(c.trace.text(), "w0 r12 r12b");
        c.let_leave(context, 2);
        EXPECT_EQ(c.trace.text(), "w0 r12 r12b w11");
        c.let_leave(context, 1);
        EXPECT_EQ(c.trace.text(), "w0 r12 r12b w11 r11 r10");
        c.let_leave(context, 2);
    });
    machine.expect_at_rest();
}

TEST(ReadWriteLock, TryingEntersOnlyWhereWaitingIsNotDue) {
    Machine machine;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        EXPECT_TRUE(c.lock.try_lock_read(context));
        EXPECT_FALSE(c.lock.try_lock_write(context));
        c.lock.unlock_read(context);
        EXPECT_TRUE(c.lock.try_lock_write(context));
        EXPECT_FALSE(c.lock.try_lock_read(context));
        c.lock.unlock_write(context);
        TestThread r1("r1", 10, c.reader("r1"));
        TestThread w("w", 10, c.writer("w"));
        EXPECT_FALSE(c.lock.try_lock_read(context)) << "a writer of higher priority waits";
        c.let_leave(context, 2);
    });
    machine.expect_at_rest();
}

TEST(ReadWriteLock, AWriterThatGivesUpLetsInWhomItKeptOut) {
    Machine machine;
    Ticker ticker;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread r1("r1", 10, c.reader("r1"));
        TestThread w("w", 10, [&](MayBlock const& its_context) {
            EXPECT_FALSE(c.lock.lock_write_until(its_context, counter() + 1000));
            c.trace.add("gave-up");
        });
        TestThread r2("r2", 10, c.reader("r2"));
        EXPECT_EQ(r2.state(), ThreadState::blocked);
        Clock::sleep_ns(context, 10'000);
        EXPECT_EQ(c.trace.text(), "r1 gave-up r2");
        EXPECT_EQ(c.lock.readers(), 2u);
        EXPECT_FALSE(c.lock.has_waiters());
        c.let_leave(context, 2);
    });
    machine.expect_at_rest();
}

TEST(ReadWriteLock, AReaderGivesUpAtItsDeadline) {
    Machine machine;
    Ticker ticker;
    Crowd c;
    machine.run([&](MayBlock const& context) {
        TestThread w("w", 10, c.writer("w"));
        u64 const deadline = counter() + 1000;
        EXPECT_FALSE(c.lock.lock_read_until(context, deadline));
        EXPECT_GE(counter(), deadline);
        c.let_leave(context, 1);
        EXPECT_TRUE(c.lock.lock_read_until(context, counter() + 1000));
        c.lock.unlock_read(context);
    });
    machine.expect_at_rest();
}

// A bottom half that writes comes at every memory access of a reader's way in and out.
TEST(ReadWriteLock, ABottomHalfWritesAtEveryPoint) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        ReadWriteLock lock("table");
        bool reading = false;
        u32 written = 0;
        TestContinuation write(Ipl::softnet, [&](MayBlock const& context) {
            WriteGuard const guard(lock, context);
            EXPECT_FALSE(reading) << "point " << n;
            ++written;
        });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { write.schedule(context); });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            lock.lock_read(context);
            reading = true;
            sim::point();
            reading = false;
            lock.unlock_read(context);
        });
        sim::point();
        EXPECT_EQ(written, injected ? 1u : 0u) << "point " << n;
        EXPECT_EQ(lock.readers(), 0u);
        EXPECT_EQ(lock.writer(), nullptr);
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(20));
}

TEST(ReadWriteLock, ATopHalfWritesByAContinuation) {
    Machine machine;
    Crowd c;
    TestContinuation write(Ipl::softnet, [&](MayBlock const& context) {
        WriteGuard const guard(c.lock, context);
        c.trace.add("written");
    });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { write.schedule(context); });
    machine.run([&](MayBlock const& context) {
        TestThread r("r", 10, c.reader("r"));
        line.fire();
        EXPECT_EQ(c.trace.text(), "r") << "the bottom half waits for the reader";
        c.let_leave(context, 1);
    });
    EXPECT_EQ(c.trace.text(), "r written");
    machine.expect_at_rest();
}

TEST(ReadWriteLockDeathTest, WhatIsRefused) {
    Machine machine;
    ReadWriteLock lock("table");
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(lock.unlock_read(context), "nobody reads under is released .table");
        EXPECT_DEATH(lock.unlock_write(context), "not its writer .table");
        {
            ReadGuard const guard(lock, context);
            EXPECT_DEATH(lock.unlock_write(context), "not its writer .table");
        }
        WriteGuard const guard(lock, context);
        EXPECT_DEATH(lock.lock_read(context), "table");
        EXPECT_DEATH(lock.lock_write(context), "table");
    });
}

}  // namespace
}  // namespace pivot
