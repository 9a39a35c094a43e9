// Where the running code came from, cheaply enough to be asked at every acquisition of a lock.
//
// Who: both. Lock order: none. Defined by the port.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// The return addresses of the function that calls this, newest first, behind the last one zeros. It
// ends at the bottom of the stack in use: what an interrupt interrupted is not followed
// (arch/contract/panic.hpp does that).
[[gnu::noinline]] void capture_backtrace(uptr* pcs, u32 most);

// Where the code was that this top half has interrupted; 0 if that is not known (not in a top half;
// or on the host, whose simulated CPUs have no instructions).
[[nodiscard, gnu::noinline]] uptr interrupted_pc();

}  // namespace pivot
