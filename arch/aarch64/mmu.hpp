// What start.S needs to turn the MMU on, and what is left to do after.
// Who: boot only. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

// start.S loads the first four with two LDPs, on every CPU.
struct BootMap {
    u64 ttbr0, ttbr1, tcr, mair;
    u64 image;  // physical address of the image's first byte
};

// Takes the guard pages out of the map. Once, after the MMU is on.
void unmap_guards();

}  // namespace pivot::port

// Stored with the MMU off and never again; CPUs whose MMU is off yet read it.
extern "C" pivot::port::BootMap pivot_boot_map;

// Before the MMU is on; returns a physical address.
extern "C" pivot::port::BootMap* pivot_mmu_build(pivot::u64 physical);
