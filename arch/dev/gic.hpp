// What GICv2 and GICv3 share: the distributor's registers, and how levels become priorities.
//
// Who: gicv2.hpp, gicv3.hpp. Lock order: none; every register used is write-1-to-act or per byte,
// but for the triggers', which has a lock of its own.
// Source: IHI 0069H, 12.9 (GICD); IHI 0048B, 4.3. In GICv3, lines 0-31 have the same registers at
// the same offsets in each redistributor's SGI frame, so both are one `bank`.
#pragma once

#include "arch/contract/cpu.hpp"
#include "intr/controller.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/mmio.hpp"
#include "spl/spl.hpp"

namespace pivot {

// A lower number is a higher priority; 16 steps are what the narrowest implementation has (4.8).
// vectors.S and set_priority_mask compute the same from the thermometer.
[[nodiscard]] constexpr u32 gic_priority(Ipl level) {
    return is_hard(level) ? 0xe0 - 0x10 * (static_cast<u32>(level) - static_cast<u32>(Ipl::vm))
                          : 0xf0;
}
// Above `high`: no SPL holds it off.
inline constexpr u32 kGicUnmaskable = gic_priority(Ipl::high) - 0x10;
static_assert(gic_priority(Ipl::vm) == 0xb0 + 2 * 24);
static_assert(gic_priority(Ipl::high) == 0xb0 + 2 * 8);

//                      register           offset  bits per line
struct GicBank {
    static constexpr uptr kIgroupr = 0x080;     // 1   1: Non-secure group 1
    static constexpr uptr kIsenabler = 0x100;   // 1   write 1: forward the line
    static constexpr uptr kIcenabler = 0x180;   // 1   write 1: do not
    static constexpr uptr kIspendr = 0x200;     // 1   write 1: make pending
    static constexpr uptr kIcpendr = 0x280;     // 1
    static constexpr uptr kIsactiver = 0x300;   // 1
    static constexpr uptr kIcactiver = 0x380;   // 1
    static constexpr uptr kIpriorityr = 0x400;  // 8
    static constexpr uptr kIcfgr = 0xc00;       // 2   bit 1: edge

    static void set_bit(uptr bank, uptr reg, u32 line) {
        mmio::write<u32>(bank + reg + 4 * (line / 32), u32{1} << (line % 32));
    }
    [[nodiscard]] static bool bit(uptr bank, uptr reg, u32 line) {
        return (mmio::read<u32>(bank + reg + 4 * (line / 32)) >> (line % 32) & 1) != 0;
    }
    static void set_priority(uptr bank, u32 line, u32 priority) {
        mmio::write<u8>(bank + kIpriorityr + line, static_cast<u8>(priority));
    }
    [[nodiscard]] static bool is_edge(uptr bank, u32 line) {
        return (mmio::read<u32>(bank + kIcfgr + 4 * (line / 16)) >> (2 * (line % 16) + 1) & 1) != 0;
    }
    // False if the bit does not stick: the hardware fixes the trigger.
    [[nodiscard]] static bool set_trigger(uptr bank, u32 line, Trigger trigger) {
        uptr const reg = bank + kIcfgr + 4 * (line / 16);
        u32 const mask = u32{2} << (2 * (line % 16));
        u32 const wanted = trigger == Trigger::edge ? mask : 0;
        NoPreemption const hold;
        (void)port::Cpu::lock_word(&triggers_lock);  // other CPUs' lines are in the same word
        mmio::write<u32>(reg, (mmio::read<u32>(reg) & ~mask) | wanted);
        bool const was_set = (mmio::read<u32>(reg) & mask) == wanted;
        atomic::store_release(&triggers_lock, u64{0});
        return was_set;
    }
    static constinit inline u64 triggers_lock = 0;
    // Lines [first, first + count): disabled, idle, lowest priority that is not masked for ever.
    static void reset(uptr bank, u32 first, u32 count) {
        for (u32 line = first; line < first + count; line += 32) {
            uptr const word = 4 * (line / 32);
            mmio::write<u32>(bank + kIcenabler + word, ~u32{0});
            mmio::write<u32>(bank + kIcpendr + word, ~u32{0});
            mmio::write<u32>(bank + kIcactiver + word, ~u32{0});
        }
        for (u32 line = first; line < first + count; ++line) {
            set_priority(bank, line, gic_priority(Ipl::vm));
        }
    }
};

}  // namespace pivot
