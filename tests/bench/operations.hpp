// The operations that the injector is let loose on.
#pragma once

#include "tests/bench/injector.hpp"

namespace pivot::inject {

inline constexpr u32 kOperations = 9;

// Starts the threads and requests the lines that some operations need. Once.
void prepare_operations(MayBlock const& context);

[[nodiscard]] Operation const& operation(u32 index);

}  // namespace pivot::inject
