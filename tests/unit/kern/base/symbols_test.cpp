#include "kern/base/symbols.hpp"

#include <gtest/gtest.h>

namespace pivot {
namespace {

// f at 0x10, g at 0x20, the end of the text at 0x30.
constexpr SymbolEntry kEntries[] = {{0x10, 0}, {0x20, 2}, {0x30, 4}};
constexpr char kNames[] = "f\0g\0";
constexpr SymbolTable kTable{0x1000, kEntries, kNames, 3};

void expect(uptr address, const char* name, u64 offset) {
    Symbol const symbol = symbolise(kTable, address);
    EXPECT_STREQ(symbol.name, name) << std::hex << address;
    EXPECT_EQ(symbol.offset, offset) << std::hex << address;
}

TEST(Symbols, AnAddressBelongsToTheFunctionThatBeginsAtOrBelowIt) {
    expect(0x1010, "f", 0);
    expect(0x101f, "f", 0xf);
    expect(0x1020, "g", 0);
    expect(0x102f, "g", 0xf);
}

TEST(Symbols, OutsideOfAllFunctionsThereIsNoName) {
    expect(0, nullptr, 0);
    expect(0xfff, nullptr, 0);
    expect(0x100f, nullptr, 0);
    expect(0x1030, nullptr, 0);
    expect(~uptr{0}, nullptr, 0);
}

TEST(Symbols, AnEmptyTableNamesNothing) {
    SymbolTable const empty{};
    EXPECT_EQ(symbolise(empty, 0).name, nullptr);
    EXPECT_EQ(symbolise(empty, 0x1010).name, nullptr);
    // The host's own: there is no second link.
    EXPECT_EQ(symbolise(reinterpret_cast<uptr>(&expect)).name, nullptr);
}

}  // namespace
}  // namespace pivot
