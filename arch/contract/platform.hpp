// What a board tells a CPU port before anything else runs. Defined by arch/board.
//
// Who: boot only. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// A stretch of physical addresses that holds devices.
struct DeviceRange {
    u64 base;  // its lowest address
    u64 size;  // bytes
};

// Ends with a range of size 0. Read before the MMU is on: it must contain no pointers.
extern const DeviceRange kDeviceRanges[];

}  // namespace pivot
