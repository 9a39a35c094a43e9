// The encoding that spl/ipl.hpp promises.
#include "spl/ipl.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace pivot {
namespace {

constexpr Ipl kAll[kIpls] = {Ipl::none,       Ipl::softclock, Ipl::softbio, Ipl::softnet,
                             Ipl::softserial, Ipl::vm,        Ipl::sched,   Ipl::high};

TEST(Ipl, EachSetContainsEveryLowerOne) {
    for (u32 i = 1; i < kIpls; ++i) {
        u64 const lower = held_at(kAll[i - 1]);
        EXPECT_EQ(lower & ~held_at(kAll[i]), 0u) << name_of(kAll[i]);
        EXPECT_EQ(held_at(kAll[i]) & ~lower, u64{0xff} << (8 * attention_byte(kAll[i])));
    }
}

TEST(Ipl, RaisingIsAnOr) {
    for (Ipl const a : kAll) {
        for (Ipl const b : kAll) {
            EXPECT_EQ(held_at(a) | held_at(b), held_at(a > b ? a : b));
        }
    }
}

TEST(Ipl, LevelOfInvertsHeldAt) {
    for (Ipl const level : kAll) {
        EXPECT_EQ(level_of(held_at(level)), level);
    }
}

TEST(Ipl, EveryLevelHasAByteOfItsOwn) {
    std::set<u32> bytes;
    for (u32 i = 1; i < kIpls; ++i) {
        EXPECT_LT(attention_byte(kAll[i]), 8u);
        EXPECT_TRUE(bytes.insert(attention_byte(kAll[i])).second) << name_of(kAll[i]);
    }
}

TEST(Ipl, HardLevelsAreTheLowWord) {
    for (Ipl const level : kAll) {
        EXPECT_EQ(static_cast<u32>(held_at(level)) != 0, is_hard(level));
        EXPECT_FALSE(is_hard(level) && is_soft(level));
    }
    EXPECT_EQ(held_at(Ipl::softserial), kSoftHeld);
    EXPECT_FALSE(is_soft(Ipl::none));
}

TEST(Ipl, NamesAreThoseOfTheGlossary) {
    std::string all;
    for (Ipl const level : kAll) {
        all += std::string(name_of(level)) + " ";
    }
    EXPECT_EQ(all, "none softclock softbio softnet softserial vm sched high ");
}

}  // namespace
}  // namespace pivot
