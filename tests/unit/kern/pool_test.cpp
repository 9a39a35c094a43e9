// Pool: every block once, waiting for one, and what a checked build refuses to take back.
#include "kern/pool.hpp"

#include <set>

#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

struct Buffer {
    u64 words[3];
};

TEST(Pool, GivesOutEachBlockOnce) {
    Machine machine;
    Pool<Buffer, 4> pool("buffers");
    machine.run([&](MayBlock const& context) {
        EXPECT_EQ(pool.available(), 4u);
        std::set<Buffer*> out;
        for (int i = 0; i < 4; ++i) {
            Buffer* const buffer = pool.try_allocate(context);
            ASSERT_NE(buffer, nullptr);
            EXPECT_TRUE(out.insert(buffer).second);
            EXPECT_EQ(reinterpret_cast<uptr>(buffer) % alignof(Buffer), 0u);
            *buffer = {};  // all of it is ours
        }
        EXPECT_EQ(pool.available(), 0u);
        EXPECT_EQ(pool.try_allocate(context), nullptr);
        for (Buffer* const buffer : out) {
            pool.free(context, buffer);
        }
        EXPECT_EQ(pool.available(), 4u);
    });
    machine.expect_at_rest();
}

TEST(Pool, TheBlockFreedLastIsTheNextOut) {
    Machine machine;
    Pool<PoolBytes<40>, 4> pool("buffers");
    machine.run([&](MayBlock const& context) {
        auto* const a = pool.allocate(context);
        auto* const b = pool.allocate(context);
        pool.free(context, a);
        pool.free(context, b);
        EXPECT_EQ(pool.allocate(context), b);
        EXPECT_EQ(pool.allocate(context), a);
        EXPECT_EQ(reinterpret_cast<uptr>(pool.allocate(context)) % 16, 0u);
    });
    machine.expect_at_rest();
}

TEST(Pool, AFreedBlockGoesToTheFirstWaiter) {
    Machine machine;
    Trace trace;
    Pool<Buffer, 1> pool("buffers");
    machine.run([&](MayBlock const& context) {
        Buffer* const only = pool.allocate(context);
        auto user = [&](std::string name) {
            return [&, name](MayBlock const& its_context) {
                Buffer* const mine = pool.allocate(its_context);
                EXPECT_EQ(mine, only);
                trace.add(name);
                pool.free(its_context, mine);
            };
        };
        TestThread a("a", 10, user("10a"));
        TestThread b("b", 12, user("12"));
        TestThread c("c", 10, user("10b"));
        pool.free(context, only);
        EXPECT_EQ(pool.available(), 1u);
    });
    EXPECT_EQ(trace.text(), "12 10a 10b");
    machine.expect_at_rest();
}

TEST(Pool, WaitingEndsAtTheDeadline) {
    Machine machine;
    Ticker ticker;
    Pool<Buffer, 1> pool("buffers");
    machine.run([&](MayBlock const& context) {
        u64 const deadline = counter() + 500;
        Buffer* const only = pool.allocate_until(context, deadline);
        EXPECT_NE(only, nullptr);
        EXPECT_EQ(pool.allocate_until(context, deadline), nullptr);
        EXPECT_GE(counter(), deadline);
        pool.free(context, only);
        EXPECT_EQ(pool.available(), 1u);
    });
    machine.expect_at_rest();
}

TEST(Pool, ATopHalfFreesByAContinuation) {
    Machine machine;
    Pool<Buffer, 1> pool("buffers");
    Buffer* done = nullptr;
    TestContinuation free(Ipl::softnet, [&](MayBlock const& context) { pool.free(context, done); });
    TestLine<Ipl::vm> line(40, [&](auto const& context) { free.schedule(context); });
    machine.run([&](MayBlock const& context) {
        done = pool.allocate(context);
        Buffer* its = nullptr;
        TestThread waiter("w", kMainPriority + 1,
                          [&](MayBlock const& its_context) { its = pool.allocate(its_context); });
        line.fire();
        EXPECT_EQ(its, done);
    });
    machine.expect_at_rest();
}

// A bottom half frees at every memory access of an allocation, until the CPU is idle.
TEST(Pool, NoBlockIsLostAtAnyPointOfAllocate) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        Pool<Buffer, 1> pool("buffers");
        Buffer* out = nullptr;
        TestContinuation free(Ipl::softnet,
                              [&](MayBlock const& context) { pool.free(context, out); });
        TestLine<Ipl::vm> line(40, [&](auto const& context) { free.schedule(context); });
        sim::Timer::arm(1'000'000);  // something to be idle for
        bool idle = false;
        machine.run([&](MayBlock const& context) {
            out = pool.allocate(context);
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    idle = current_thread().priority() == kIdlePriority;
                }
            });
            EXPECT_EQ(pool.allocate(context), out);
        });
        EXPECT_EQ(pool.available(), 0u);
        machine.expect_at_rest();
        return !idle;
    });
    EXPECT_GE(points, least_points(10));
}

TEST(PoolProperty, BlocksDoNotOverlap) {
    for (u64 seed = 0; seed < 50; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        Machine machine;
        Pool<Buffer, 7> pool("buffers");
        std::set<Buffer*> out;
        machine.run([&](MayBlock const& context) {
            for (u32 i = 0; i < 300; ++i) {
                if (random() % 2 == 0) {
                    Buffer* const buffer = pool.try_allocate(context);
                    ASSERT_EQ(buffer != nullptr, out.size() < 7);
                    if (buffer != nullptr) {
                        EXPECT_TRUE(out.insert(buffer).second);
                    }
                } else if (!out.empty()) {
                    auto const chosen =
                        std::next(out.begin(), static_cast<std::ptrdiff_t>(random() % out.size()));
                    pool.free(context, *chosen);
                    out.erase(chosen);
                }
                EXPECT_EQ(pool.available() + out.size(), 7u);
            }
        });
    }
}

TEST(PoolDeathTest, WhatIsNotTakenBack) {
    Machine machine;
    Pool<Buffer, 3> pool("buffers");
    Pool<Buffer, 3> other("others");
    machine.run([&](MayBlock const& context) {
        Buffer* const a = pool.allocate(context);
        Buffer* const b = pool.allocate(context);
        Buffer foreign{};
        EXPECT_DEATH(pool.free(context, &foreign), "no block of its .buffers");
        EXPECT_DEATH(pool.free(context, other.allocate(context)), "no block of its .buffers");
        EXPECT_DEATH(pool.free(context, nullptr), "no block of its .buffers");
        EXPECT_DEATH(pool.free(context, reinterpret_cast<Buffer*>(&a->words[1])),
                     "no block of its .buffers");
        EXPECT_DEATH(pool.free(context, b + 1), "freed that is not out .buffers") << "never was";
        pool.free(context, a);
        EXPECT_DEATH(pool.free(context, a), "freed that is not out .buffers");
    });
}

}  // namespace
}  // namespace pivot
