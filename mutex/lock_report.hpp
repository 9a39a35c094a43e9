// What the order checker has found, kept and put into words.
//
// Who: record: the checker, from any context. print: the shell, and a panic. Lock order: none; a
// record is claimed by one atomic addition.
#pragma once

#include "mutex/lock_graph.hpp"

namespace pivot {

enum class LockRule : u8 { order, level, same_class, masking };

// One pattern. `first` was held when `second` was wanted; for `masking`, `first` was held when the
// SPL was lowered below it, and `second` is null.
struct LockViolation {
    LockRule rule = LockRule::order;
    LockClass const* first = nullptr;
    LockClass const* second = nullptr;
    LockTrace first_taken{};
    LockTrace here{};
    Ipl top_half = Ipl::none;  // masking: the level of a top half that takes the class, if one does
    LockTrace top_half_takes{};
    bool complete = false;
};

class LockReport {
  public:
    static constexpr u32 kMost = 16;

    // Keeps a copy, while there is room. Returns the copy, or null.
    static LockViolation const* record(LockViolation const& violation);

    [[nodiscard]] static u32 count();
    static void print_all();
    static void print_one(LockViolation const& violation);
    static void print_trace(LockTrace const& trace);

    // The rule in words, for a panic.
    [[nodiscard]] static const char* words(LockRule rule);

    static void reset();
};

}  // namespace pivot
