#include "kern/base/ids.hpp"

#include <gtest/gtest.h>

#include <concepts>
#include <type_traits>

#include "intr/line_id.hpp"

namespace pivot {
namespace {

using OtherId = Id<struct OtherTag>;

static_assert(!std::is_convertible_v<u32, CpuId>);
static_assert(!std::is_convertible_v<CpuId, u32>);
static_assert(!std::is_constructible_v<CpuId, OtherId>);
static_assert(!std::equality_comparable_with<CpuId, OtherId>);
static_assert(CpuId(3) == CpuId(3) && CpuId(3).value() == 3);
static_assert(!std::is_convertible_v<LineId, CpuId>);
static_assert(!std::is_convertible_v<u32, LineId>);
static_assert(std::is_convertible_v<Spi, LineId>);
static_assert(!std::is_convertible_v<LineId, Spi>);
static_assert(!std::is_convertible_v<Ppi, Spi>);

TEST(LineId, KindsFollowTheArchitecture) {
    struct {
        u32 intid;
        LineKind kind;
    } const cases[] = {{0, LineKind::sgi},     {15, LineKind::sgi},    {16, LineKind::ppi},
                       {31, LineKind::ppi},    {32, LineKind::spi},    {1019, LineKind::spi},
                       {1020, LineKind::none}, {1023, LineKind::none}, {5000, LineKind::none}};
    for (auto const& c : cases) {
        EXPECT_EQ(LineId(c.intid).kind(), c.kind) << c.intid;
    }
    EXPECT_EQ(Spi(33).intid(), 33u);
}

}  // namespace
}  // namespace pivot
