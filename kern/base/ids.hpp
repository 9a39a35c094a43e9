// Numbers that must not be mixed: a CPU is not a line is not a priority.
// Who: anyone. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// A number with a meaning. Two Ids with different tags do not convert or compare.
template <typename Tag>
class Id {
  public:
    // From a plain number, on purpose only.
    constexpr explicit Id(u32 value) : value_(value) {}
    // As a plain number.
    [[nodiscard]] constexpr u32 value() const { return value_; }
    // Only with its own kind.
    constexpr bool operator==(Id const&) const = default;

  private:
    u32 value_;
};

// A CPU's number, from 0.
using CpuId = Id<struct CpuTag>;

}  // namespace pivot
