// A PL011's registers in device memory.
//
// Who: both. Lock order: none; the driver's lock orders the accesses.
#pragma once

#include "arch/contract/cpu.hpp"
#include "arch/dev/pl011_registers.hpp"
#include "kern/base/mmio.hpp"

namespace pivot {

struct Pl011Mmio {
    uptr base;

    [[nodiscard]] u32 read(uptr offset) const { return mmio::read<u32>(base + offset); }
    void write(uptr offset, u32 value) const { mmio::write<u32>(base + offset, value); }
    void relax() const { cpu_relax(); }
};
static_assert(Pl011Access<Pl011Mmio>);

}  // namespace pivot
