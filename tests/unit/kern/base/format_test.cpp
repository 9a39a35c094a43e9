#include "kern/base/format.hpp"

#include <gtest/gtest.h>

#include <string>

namespace pivot {
namespace {

template <typename... Args>
std::string text(const char* pattern, Args const&... args) {
    std::string out;
    FormatArg const list[sizeof...(Args) + 1] = {FormatArg(args)..., FormatArg(0u)};
    format([](void* state, const char* piece,
              usize length) { static_cast<std::string*>(state)->append(piece, length); },
           &out, pattern, list, sizeof...(Args));
    return out;
}

TEST(Format, PlainTextPassesThrough) {
    EXPECT_EQ(text(""), "");
    EXPECT_EQ(text("no fields; 100% } plain"), "no fields; 100% } plain");
}

TEST(Format, Decimal) {
    EXPECT_EQ(text("{} {} {}", 0u, 42u, ~u64{0}), "0 42 18446744073709551615");
    EXPECT_EQ(text("{} {}", -1, INT64_MIN), "-1 -9223372036854775808");
    EXPECT_EQ(text("{}", u8{200}), "200");
}

TEST(Format, Hexadecimal) {
    EXPECT_EQ(text("{x}", 0xdeadbeefu), "deadbeef");
    EXPECT_EQ(text("{x16}", u64{0xabc}), "0000000000000abc");
    EXPECT_EQ(text("{x2}", 0xabcu), "abc") << "never cut off";
}

TEST(Format, WidthPadsOnTheNamedSide) {
    EXPECT_EQ(text("[{8}]", "irq"), "[     irq]");
    EXPECT_EQ(text("[{-8}]", "irq"), "[irq     ]");
    EXPECT_EQ(text("[{5}]", -42), "[  -42]");
    EXPECT_EQ(text("[{2}]", 12345u), "[12345]");
}

TEST(Format, TextCharactersAndPointers) {
    EXPECT_EQ(text("{}{}", "ab", 'c'), "abc");
    EXPECT_EQ(text("{}", static_cast<const char*>(nullptr)), "-");
    EXPECT_EQ(text("{x}", reinterpret_cast<const void*>(0x1000)), "1000");
}

TEST(Format, MissingArgumentsAreVisible) {
    EXPECT_EQ(text("{} {}", 1u), "1 {?}");
    EXPECT_EQ(text("a", 1u), "a") << "one too many is ignored";
}

TEST(Format, AnUnclosedFieldEndsThePattern) { EXPECT_EQ(text("a{x8", 255u), "a000000ff"); }

}  // namespace
}  // namespace pivot
