// What a program that tests says (PIVOT_PROGRAM of kern/pivot/extend.hpp, pivot_add_test of
// arch/aarch64/add_test.cmake): PIVOT_CHECK and PIVOT_CHECK_EQUAL.
//
// The first failure prints its place and what it saw, and ends the machine with status 1.
//
// Who: anyone: threads, bottom halves and top halves, whatever they hold. Lock order: takes none;
// a failure disregards them all.
#pragma once

#include <concepts>

#include "arch/contract/cpu.hpp"
#include "kern/base/log.hpp"

namespace pivot::test {

// Prints from anywhere: nobody's locks matter any more.
template <typename... Args>
[[noreturn, gnu::cold, gnu::noinline]] void fail(const char* file, u32 line, const char* pattern,
                                                 Args const&... args) {
    interrupts_disable();
    fall_back_to_polling();
    print("FAILED {}:{}: ", file, line);
    log(pattern, args...);
    machine_exit(1);
}

// Of PIVOT_CHECK: fails unless `held`.
inline void check(bool held, const char* what, const char* file, u32 line) {
    if (!held) [[unlikely]] {
        fail(file, line, "{}", what);
    }
}

// Of a number of any type.
template <typename T>
[[nodiscard]] constexpr bool is_negative(T const& number) {
    if constexpr (std::signed_integral<T>) {
        return number < 0;
    } else {
        return false;
    }
}

// Whether two numbers are the same, though of two types.
template <typename A, typename B>
[[nodiscard]] constexpr bool are_equal(A const& actual, B const& expected) {
    auto const as_actual = static_cast<A>(expected);
    return actual == as_actual && static_cast<B>(as_actual) == expected &&
           is_negative(actual) == is_negative(expected);
}

// Of PIVOT_CHECK_EQUAL: fails unless the two are equal.
template <typename A, typename B>
void check_equal(A const& actual, B const& expected, const char* what, const char* file, u32 line) {
    if (!are_equal(actual, expected)) [[unlikely]] {
        fail(file, line, "{} is {} ({x}), not {} ({x})", what, u64(actual), u64(actual),
             u64(expected), u64(expected));
    }
}

}  // namespace pivot::test

// Ends the machine with status 1 unless the condition holds; the failure quotes it.
#define PIVOT_CHECK(condition) \
    ::pivot::test::check((condition), #condition, __FILE_NAME__, __LINE__)
// The same unless two numbers are equal, of whatever types; shows both.
#define PIVOT_CHECK_EQUAL(actual, expected) \
    ::pivot::test::check_equal((actual), (expected), #actual, __FILE_NAME__, __LINE__)
