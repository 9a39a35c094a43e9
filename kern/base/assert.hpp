// Loud failure: a broken invariant stops the kernel and names the invariant.
//
// Who: both (top half and thread). Lock order: none; panic takes no lock.
//
// PIVOT_ASSERT costs nothing unless the build is checked (PIVOT_CHECKED); PIVOT_REQUIRE is always
// compiled in and stands only where the check is off the hot paths.
#pragma once

#include "kern/base/config.hpp"

namespace pivot {

// Prints the text, the registers, a backtrace and the CPU's state, then ends the machine with a
// non-zero status. `detail` may be null; it names the object concerned (a mutex, a thread).
[[noreturn, gnu::cold]] void panic(const char* invariant, const char* detail = nullptr);

}  // namespace pivot

// Panics with the invariant's words when the condition is false; `detail` may follow them.
#define PIVOT_REQUIRE(condition, invariant, ...)                   \
    do {                                                           \
        if (!(condition)) [[unlikely]]                             \
            ::pivot::panic((invariant)__VA_OPT__(, ) __VA_ARGS__); \
    } while (false)

// In checked builds: panics with the invariant's words when the condition is false. Else nothing.
#define PIVOT_ASSERT(condition, invariant, ...)                             \
    do {                                                                    \
        if constexpr (::pivot::kChecked)                                    \
            PIVOT_REQUIRE(condition, invariant __VA_OPT__(, ) __VA_ARGS__); \
    } while (false)
