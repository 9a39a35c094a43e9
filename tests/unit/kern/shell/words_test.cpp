#include <gtest/gtest.h>

#include <string>

#include "kern/shell/words.hpp"

namespace pivot {
namespace {

TEST(Words, AreSeparatedBySpaces) {
    char line[] = "  irq   measure 33 on ";
    Words const words(line);
    ASSERT_EQ(words.count(), 4u);
    EXPECT_STREQ(words[0], "irq");
    EXPECT_STREQ(words[3], "on");
    EXPECT_STREQ(words[4], "");
}

TEST(Words, NoneInAnEmptyLine) {
    char empty[] = "";
    char spaces[] = "   ";
    EXPECT_EQ(Words(empty).count(), 0u);
    EXPECT_EQ(Words(spaces).count(), 0u);
}

TEST(Words, AreComparedWhole) {
    char line[] = "ps psx p";
    Words const words(line);
    EXPECT_TRUE(words.is(0, "ps"));
    EXPECT_FALSE(words.is(1, "ps"));
    EXPECT_FALSE(words.is(2, "ps"));
    EXPECT_FALSE(words.is(3, "ps"));
}

TEST(Words, BeyondTheMostAreCounted) {
    char line[] = "1 2 3 4 5 6 7 8 9 10";
    Words const words(line);
    EXPECT_EQ(words.count(), 10u);
    EXPECT_STREQ(words[7], "8");
    EXPECT_STREQ(words[8], "");
}

TEST(Words, AreNumbersIfAllOfThemIs) {
    char line[] = "0 4294967295 4294967296 12x -1 99999999999999999999999";
    Words const words(line);
    u32 value = 7;
    EXPECT_TRUE(words.number(0, value));
    EXPECT_EQ(value, 0u);
    EXPECT_TRUE(words.number(1, value));
    EXPECT_EQ(value, 0xffff'ffffu);
    for (u32 i = 2; i < 7; ++i) {
        EXPECT_FALSE(words.number(i, value)) << words[i];
    }
}

}  // namespace
}  // namespace pivot
