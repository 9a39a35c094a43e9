// What start.S leaves for those who want to know how the machine was found.
// Who: both; constant once pivot_main runs. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

// The exception level at which the image was entered: 1, 2 or 3. The kernel runs at 1.
extern "C" const volatile pivot::u64 pivot_entry_level;
