// Fixed-width names, used everywhere.
// Who: anyone. Lock order: none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pivot {

using u8 = std::uint8_t;
using u16 = std::uint16_t;
using u32 = std::uint32_t;
using u64 = std::uint64_t;
using i32 = std::int32_t;
using uptr = std::uintptr_t;
using usize = std::size_t;

}  // namespace pivot
