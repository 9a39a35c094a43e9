// What a CPU needs before it can run, and how it is told to.
//
// Who: boot only, on the boot CPU, but for own_affinity. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

// MPIDR_EL1's affinity fields of the CPU that asks, each where the register has it.
[[nodiscard]] u64 own_affinity();

// Fills in what the port's assembly reads of a CPU's structure: its number, its stacks.
void lay_out_cpu(u32 id, u64 affinity);

// Asks for a CPU that has been laid out to be started at `entry`, an address in the image:
// pivot_secondary_start in all but tests. Returns PSCI's answer, 0 if it was accepted.
[[nodiscard]] i32 start_cpu(u32 id, const void* entry);

}  // namespace pivot::port

extern "C" void pivot_secondary_start();
