// The ring of events: writers that nest at the worst place, a ring that is full, half a record.
#include "kern/trace/ring.hpp"

#include <gtest/gtest.h>

namespace pivot {
namespace {

using Ring = TraceRing<8>;

TEST(TraceRing, KeepsWhatWasWritten) {
    Ring ring;
    ring.note([] { return u64{7}; }, TraceKind::wake, 3, 11, 12);
    TraceEvent event;
    ASSERT_TRUE(ring.read(0, event));
    EXPECT_EQ(event.time, 7u);
    EXPECT_EQ(event.kind(), TraceKind::wake);
    EXPECT_EQ(event.detail(), 3);
    EXPECT_EQ(event.a, 11u);
    EXPECT_EQ(event.b, 12u);
    EXPECT_FALSE(ring.read(1, event));
}

TEST(TraceRing, OverwritesTheOldest) {
    Ring ring;
    for (u64 i = 0; i < 20; ++i) {
        ring.note([i] { return i; }, TraceKind::run, 0, i, 0);
    }
    TraceEvent event;
    for (u64 i = 0; i < 20; ++i) {
        EXPECT_EQ(ring.read(i, event), i >= 12) << i;
        EXPECT_TRUE(i < 12 || event.a == i);
    }
}

// A top half that writes comes when its writer has just read the clock.
TEST(TraceRing, TimeNeverGoesBackWhereWritersNest) {
    Ring ring;
    u64 now = 0;
    bool comes = true;
    auto const clock = [&] {
        u64 const read = ++now;
        if (comes) {
            comes = false;
            ring.note([&] { return ++now; }, TraceKind::irq_enter, 0, 1, 0);
        }
        return read;
    };
    ring.note(clock, TraceKind::wake, 0, 2, 0);
    ASSERT_EQ(ring.written(), 2u);
    TraceEvent first;
    TraceEvent second;
    ASSERT_TRUE(ring.read(0, first));
    ASSERT_TRUE(ring.read(1, second));
    EXPECT_EQ(first.a, 1u);
    EXPECT_EQ(second.a, 2u);
    EXPECT_LT(first.time, second.time);
}

// A reader that comes between reservation and the last store sees no event there, not an old one.
TEST(TraceRing, AReservedPlaceIsNotRead) {
    Ring ring;
    TraceEvent event;
    for (u64 i = 0; i < Ring::kSize; ++i) {
        ring.note([] { return u64{1}; }, TraceKind::run, 0, i, 0);
    }
    EXPECT_TRUE(ring.read(0, event));
    EXPECT_FALSE(ring.read(Ring::kSize, event));
    ring.note([] { return u64{2}; }, TraceKind::run, 0, 99, 0);
    EXPECT_FALSE(ring.read(0, event));
    EXPECT_TRUE(ring.read(Ring::kSize, event));
}

}  // namespace
}  // namespace pivot
