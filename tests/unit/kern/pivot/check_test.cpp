// PIVOT_CHECK_EQUAL: numbers of two types.
#include "kern/pivot/check.hpp"

#include <gtest/gtest.h>

namespace pivot::test {
namespace {

enum class Colour : u8 { red, green };

TEST(Check, NumbersOfTwoTypesAreEqualIfTheirValuesAre) {
    EXPECT_TRUE(are_equal(u8{1}, 1));
    EXPECT_TRUE(are_equal(u64{7}, 7));
    EXPECT_TRUE(are_equal(Colour::green, Colour::green));
    EXPECT_FALSE(are_equal(u8{1}, 257)) << "which is 1 in eight bits";
    EXPECT_FALSE(are_equal(u32{0}, u64{1} << 32));
    EXPECT_FALSE(are_equal(true, 2));
    EXPECT_TRUE(are_equal(-1, -1L));
    EXPECT_FALSE(are_equal(-1, u32{0xffff'ffff})) << "which has the same bits";
    EXPECT_FALSE(are_equal(u64{0} - 1, -1));
}

}  // namespace
}  // namespace pivot::test
