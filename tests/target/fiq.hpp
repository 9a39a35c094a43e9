// A line set up so that it arrives as FIQ, which the kernel never does: group 0 instead of group 1.
//
// Who: t_fault. Lock order: none. One definition a controller: fiq_gicv2.cpp, fiq_gicv3.cpp.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::test {

// Makes the line pending as a FIQ of this CPU. Works where the GIC has no Secure state: QEMU's
// default.
void signal_as_fiq(u32 line);

}  // namespace pivot::test
