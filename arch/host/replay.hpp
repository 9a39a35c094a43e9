// The seed of the running schedule, so that a panic can name it.
//
// Who: tests. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::sim {

void set_seed(u64 seed);
[[nodiscard]] u64 seed();

}  // namespace pivot::sim
