// Fixed-width names, used everywhere.
// Who: anyone. Lock order: none.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pivot {

// 8 bits without a sign.
using u8 = std::uint8_t;
// 16 bits without a sign.
using u16 = std::uint16_t;
// 32 bits without a sign.
using u32 = std::uint32_t;
// 64 bits without a sign.
using u64 = std::uint64_t;
// 32 bits with a sign.
using i32 = std::int32_t;
// An address.
using uptr = std::uintptr_t;
// A size in bytes, or a number of things in memory.
using usize = std::size_t;

}  // namespace pivot
