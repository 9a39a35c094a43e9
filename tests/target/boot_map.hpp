// The address map as the hardware sees it: walks the tables that TTBR1_EL1 names.
//
// Who: t_boot. Lock order: none. Arm ARM D8.3: 39-bit upper half, 4 KiB granule, so the first table
// is level 1. It deliberately shares no code with mmu.cpp, which it checks.
#pragma once

#include "cpu.hpp"
#include "kern/base/types.hpp"

namespace pivot::test {

// A mapped stretch of addresses: a page or a block.
struct Mapping {
    uptr address;
    u64 bytes;
    u64 descriptor;

    [[nodiscard]] bool is_writable() const { return (descriptor >> 7 & 1) == 0; }     // AP[2]
    [[nodiscard]] bool is_for_el0() const { return (descriptor >> 6 & 1) != 0; }      // AP[1]
    [[nodiscard]] bool is_executable() const { return (descriptor >> 53 & 1) == 0; }  // PXN
    [[nodiscard]] bool is_executable_at_el0() const { return (descriptor >> 54 & 1) == 0; }
    [[nodiscard]] u32 memory_type() const {  // MAIR_EL1
        u32 const index = descriptor >> 2 & 7;
        return port::read_sysreg<port::Sysreg::mair_el1>() >> (8 * index) & 0xff;
    }
};

class BootMap {
  public:
    // `image` is any address within the kernel's image, where the tables are.
    explicit BootMap(uptr image) : offset_(image - physical_of(image)) {}

    // Calls visit(Mapping) for everything mapped in the upper half.
    template <typename Visit>
    void for_each(Visit&& visit) const {
        u64 const first = port::read_sysreg<port::Sysreg::ttbr1_el1>() & kAddress;
        walk(first, 1, kUpperHalf, visit);
    }

    // What the hardware's own translation of an address gives; ~0 if there is none.
    [[nodiscard]] static u64 physical_of(uptr address) {
        asm volatile("at s1e1r, %0\n isb" ::"r"(address) : "memory");
        u64 const result = port::read_sysreg<port::Sysreg::par_el1>();
        return (result & 1) != 0 ? ~u64{0} : (result & kAddress) | (address & 0xfff);
    }

  private:
    static constexpr uptr kUpperHalf = 0xffff'ff80'0000'0000;
    static constexpr u64 kAddress = 0x0000'ffff'ffff'f000;

    template <typename Visit>
    void walk(u64 table, u32 level, uptr address, Visit& visit) const {
        u64 const bytes = u64{1} << (39 - 9 * level);
        auto const* const entries = reinterpret_cast<u64 const*>(table + offset_);
        for (u32 i = 0; i < 512; ++i, address += bytes) {
            u64 const entry = entries[i];
            if ((entry & 1) == 0) {
                continue;
            }
            if (level < 3 && (entry & 2) != 0) {
                walk(entry & kAddress, level + 1, address, visit);
            } else {
                visit(Mapping{address, bytes, entry});
            }
        }
    }

    u64 offset_;  // from a table's physical to its virtual address
};

}  // namespace pivot::test
