// Lists that grow by what is linked. A record that an object file registers is in the list of every
// image that has the object; nobody names it anywhere else, and it costs no code at boot.
//
//     PIVOT_REGISTER(commands, Command, g_hello) = {"hello", "", "says so", &hello};
//     for (Command const& command : registered_commands()) ...
//
// A list is a section of its own, and arch/aarch64/link.ld has it with its two ends. The records
// are constants, in an order that nobody may rely on. Who: anyone, at any time. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

// The definition of one record, to be followed by its initializer.
#define PIVOT_REGISTER(list, Type, name) \
    [[gnu::section(".registered." #list), gnu::used]] constinit const Type name

namespace pivot {

// All records of one kind that the image was linked with: what lies between two ends.
template <typename T>
struct Registered {
    T const* first;  // the first of them
    T const* last;   // behind the last one

    // For a range-based `for`.
    [[nodiscard]] constexpr T const* begin() const { return first; }
    [[nodiscard]] constexpr T const* end() const { return last; }
    // How many there are.
    [[nodiscard]] constexpr u32 count() const { return static_cast<u32>(last - first); }
};

}  // namespace pivot
