// Time slices: who gives way to whom, and when there is no tick.
#include "kern/thread.hpp"
#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

// Threads of one priority that compute for `ticks` each and say whenever it is their turn.
struct Computing {
    Trace trace;
    std::string last;

    TestThread::Body body(std::string name, u64 ticks) {
        return [this, name, ticks](MayBlock const&) {
            for (u64 i = 0; i < ticks; ++i) {
                if (last != name) {
                    trace.add(name);
                    last = name;
                }
                sim::point();
            }
        };
    }
};

// One of them, with its slice.
struct Sliced {
    Sliced(Computing& c, const char* name, u64 ticks, u64 slice)
        : thread(name), body(c.body(name, ticks)) {
        thread_slice = slice;
    }
    static void call(MayBlock const& context, Sliced& self) { self.body(context); }
    void start(MayBlock const& context, u32 priority) {
        thread.set_time_slice(context, thread_slice);
        EXPECT_EQ(thread.start<&Sliced::call>(stack, priority, *this), ThreadError::none);
    }
    Thread thread;
    StackMemory<4096> stack;
    TestThread::Body body;
    u64 thread_slice = 0;
};

TEST(TimeSlices, ThreadsOfOnePriorityTakeTurns) {
    Machine machine;
    Ticker ticker;
    Computing c;
    machine.run([&](MayBlock const& context) {
        Sliced a(c, "a", 2500, 1000), b(c, "b", 2500, 1000);
        a.start(context, 5);
        b.start(context, 5);
        EXPECT_EQ(a.thread.join(context), ThreadError::none);
        EXPECT_EQ(b.thread.join(context), ThreadError::none);
    });
    EXPECT_EQ(c.trace.text().substr(0, 9), "a b a b a");
    machine.expect_at_rest();
}

TEST(TimeSlices, WithoutOneItIsFirstInFirstOut) {
    Machine machine;
    Ticker ticker;
    Computing c;
    machine.run([&](MayBlock const& context) {
        Sliced a(c, "a", 2500, 0), b(c, "b", 2500, 0);
        a.start(context, 5);
        b.start(context, 5);
        EXPECT_EQ(b.thread.join(context), ThreadError::none);
    });
    EXPECT_EQ(c.trace.text(), "a b");
    EXPECT_EQ(ticker.runs(), 0u) << "no competition, no tick";
    machine.expect_at_rest();
}

// A thread with a slice gives way to one without, which then keeps the CPU.
TEST(TimeSlices, TheSliceIsThatOfTheRunningThread) {
    Machine machine;
    Ticker ticker;
    Computing c;
    machine.run([&](MayBlock const& context) {
        Sliced a(c, "a", 2500, 1000), b(c, "b", 4000, 0);
        a.body = [&, compute = a.body](MayBlock const& its_context) {
            b.start(its_context, 9);
            compute(its_context);
        };
        a.start(context, 9);
    });
    EXPECT_EQ(c.trace.text(), "a b a");
    machine.expect_at_rest();
}

}  // namespace
}  // namespace pivot
