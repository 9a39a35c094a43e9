// Stacks: static memory with an unmapped page below it.
//
// Who: anyone who defines a thread. Lock order: none.
//
// PIVOT_STACK(name, bytes) defines one at namespace scope. Its guard page is listed in .guards, and
// the port unmaps it at boot, so running over the end faults instead of writing into a neighbour.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

inline constexpr usize kPage = 4096;

template <usize Bytes>
struct alignas(kPage) StackMemory {
    static_assert(Bytes >= kPage && Bytes % kPage == 0, "a stack is a whole number of 4 KiB pages");
    u8 guard[kPage];
    u8 memory[Bytes];
    [[nodiscard]] uptr bottom() const { return reinterpret_cast<uptr>(memory); }
    [[nodiscard]] uptr top() const { return reinterpret_cast<uptr>(memory) + Bytes; }
};

// `count` guard pages, the first at `first`, `stride` bytes apart.
struct GuardRange {
    const void* first;
    usize stride;
    usize count;
};

}  // namespace pivot

// Laid out by hand: clang-format would tear the attributes apart.
// clang-format off
#define PIVOT_STACKS(name, number, bytes)                                            \
    [[gnu::section(".bss.stacks")]] ::pivot::StackMemory<bytes> name[number];        \
    [[gnu::used, gnu::section(".guards")]] static constinit const ::pivot::GuardRange \
        name##_guards = {name, sizeof(name[0]), number}

#define PIVOT_STACK(name, bytes)                                                     \
    [[gnu::section(".bss.stacks")]] ::pivot::StackMemory<bytes> name;                \
    [[gnu::used, gnu::section(".guards")]] static constinit const ::pivot::GuardRange \
        name##_guards = {&name, sizeof(name), 1}
// clang-format on
