// Stacks: static memory with an unmapped page below it.
//
// Who: anyone who defines a thread. Lock order: none.
//
// PIVOT_STACK(name, bytes) defines one at namespace scope. Its guard page is listed in .guards, and
// the port unmaps it at boot, so running over the end faults instead of writing into a neighbour.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// What the MMU protects at once, bytes.
inline constexpr usize kPage = 4096;

// A stack behind its guard page.
template <usize Bytes>
struct alignas(kPage) StackMemory {
    static_assert(Bytes >= kPage && Bytes % kPage == 0, "a stack is a whole number of 4 KiB pages");
    u8 guard[kPage];   // not mapped: running over faults
    u8 memory[Bytes];  // the stack itself
    // Its lowest address; the guard page ends there.
    [[nodiscard]] uptr bottom() const { return reinterpret_cast<uptr>(memory); }
    // Where it begins to grow down.
    [[nodiscard]] uptr top() const { return reinterpret_cast<uptr>(memory) + Bytes; }
};

// `count` guard pages, the first at `first`, `stride` bytes apart.
struct GuardRange {
    // The lowest of the guard pages.
    const void* first;
    // Bytes from one to the next.
    usize stride;
    // How many there are.
    usize count;
};

}  // namespace pivot

// Defines an array of so many stacks of that many bytes, each behind its guard page.
//
// Laid out by hand: clang-format would tear the attributes apart.
// clang-format off
#define PIVOT_STACKS(name, number, bytes)                                            \
    [[gnu::section(".bss.stacks")]] ::pivot::StackMemory<bytes> name[number];        \
    [[gnu::used, gnu::section(".guards")]] static constinit const ::pivot::GuardRange \
        name##_guards = {name, sizeof(name[0]), number}

// Defines a stack of that many bytes whose guard page the kernel unmaps.
#define PIVOT_STACK(name, bytes)                                                     \
    [[gnu::section(".bss.stacks")]] ::pivot::StackMemory<bytes> name;                \
    [[gnu::used, gnu::section(".guards")]] static constinit const ::pivot::GuardRange \
        name##_guards = {&name, sizeof(name), 1}
// clang-format on
