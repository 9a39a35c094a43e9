// Device registers in memory.
//
// Who: both. Lock order: none; the caller's device lock orders the accesses.
//
// Device-nGnRE memory keeps accesses to one device in program order by itself (Arm ARM, B2.7.2), so
// no barrier is needed between two accesses of the same device.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::mmio {

// Reads a device's register in one access of T's width.
template <typename T>
[[nodiscard]] inline T read(uptr address) {
    return *reinterpret_cast<volatile T*>(address);
}

// Writes a device's register in one access of T's width.
template <typename T>
inline void write(uptr address, T value) {
    *reinterpret_cast<volatile T*>(address) = value;
}

}  // namespace pivot::mmio
