// What start.S needs to turn the MMU on, and what is left to do after.
// Who: boot only. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

// start.S loads it with two LDPs.
struct BootMap {
    u64 ttbr0, ttbr1, tcr, mair;
};

// Takes the guard pages out of the map. Once, after the MMU is on.
void unmap_guards();

}  // namespace pivot::port

// Before the MMU is on; returns a physical address.
extern "C" pivot::port::BootMap* pivot_mmu_build(pivot::u64 physical);
