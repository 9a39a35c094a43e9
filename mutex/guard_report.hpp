// What the guard checker has found, kept and put into words.
//
// Who: record: the checker, from any context. print: the shell, and a panic. Lock order: none; a
// record is claimed by one atomic addition.
#pragma once

#include "mutex/guard_check.hpp"

namespace pivot {

// Two ways in which one object is touched that nothing keeps apart.
struct GuardClash {
    const char* object = nullptr;
    GuardedAccess earlier{};
    GuardedAccess now{};
    bool complete = false;
};

class GuardReport {
  public:
    static constexpr u32 kMost = 8;

    // Keeps a copy, while there is room.
    static void record(GuardClash const& clash);

    [[nodiscard]] static u32 count();
    // One that is kept; null if there are fewer.
    [[nodiscard]] static GuardClash const* at(u32 index);
    static void print_all();
    static void print_one(GuardClash const& clash);

    // Why the two are not kept apart, in words.
    [[nodiscard]] static const char* reason(GuardClash const& clash);

    static void reset();
};

}  // namespace pivot
