// GICv2: distributor and CPU interface in device memory.
//
// Who: as intr/controller.hpp says. Lock order: none.
// Source: IHI 0048B. The acknowledge, end and mask operations are in arch/aarch64.
#pragma once

#include "arch/contract/cpu.hpp"
#include "arch/dev/gic.hpp"

namespace pivot {

struct GicV2Map {
    u64 distributor;  // physical
    u64 cpu_interface;
};

template <GicV2Map Map>
struct GicV2 {
    static constexpr bool kInDeviceMemory = true;  // the CPU interface

    static void init_distributor() {
        mmio::write<u32>(kDistributor + kCtlr, 0);
        GicBank::reset(kDistributor, 32, lines() - 32);
        mmio::write<u32>(kDistributor + kCtlr, 1);
    }

    // CPUs are numbered, and by the affinity's last field (4.3.2).
    static u32 find_cpus(u64* affinities, u32 room) {
        u32 const count = (mmio::read<u32>(kDistributor + kTyper) >> 5 & 7) + 1;  // CPUNumber
        for (u32 i = 0; i < count && i < room; ++i) {
            affinities[i] = i;
        }
        return count;
    }

    static void init_cpu() {
        GicBank::reset(kDistributor, 0, 32);  // banked: this CPU's own
        this_cpu().controller = kInterface;
        this_cpu().ipi_register = kDistributor + kSgir;
        // Of a banked line it reads as the CPU that asks; on a machine with one CPU, as 0 (4.3.12).
        u32 const self = mmio::read<u8>(kDistributor + kItargetsr);
        this_cpu().ipi_target = self == 0 ? 1 : self;
        for (uptr word = 0; word < 4; ++word) {
            // left by whoever ran before
            mmio::write<u32>(kInterface + kActivePriority + 4 * word, 0);
        }
        mmio::write<u32>(kInterface + kBinaryPoint, 0);  // as many preemption levels as there are
        set_priority_mask(0);
        mmio::write<u32>(kInterface + kCtlr, kEnable | kEoiMode);
    }

    [[nodiscard]] static u32 lines() {
        u32 const n = 32 * ((mmio::read<u32>(kDistributor + kTyper) & 31) + 1);
        return n > 1020 ? 1020 : n;
    }

    // What the CPU interface holds off, read back: for tests and diagnosis.
    [[nodiscard]] static u32 priority_mask() { return mmio::read<u32>(kInterface + kPriorityMask); }

    // At EL3 with the MMU off: physical addresses, Secure register views (3.5).
    static void hand_to_non_secure() {
        for (uptr word = 0; word < 32; ++word) {
            mmio::write<u32>(Map.distributor + GicBank::kIgroupr + 4 * word, ~u32{0});
        }
        constexpr u32 kLowestMask = 0xff;  // Non-secure code may only lower a mask that is >= 0x80
        mmio::write<u32>(Map.cpu_interface + kPriorityMask, kLowestMask);
    }

    static void enable(u32 line) { GicBank::set_bit(kDistributor, GicBank::kIsenabler, line); }
    static void disable(u32 line) {
        GicBank::set_bit(kDistributor, GicBank::kIcenabler, line);
        (void)mmio::read<u32>(kDistributor + kCtlr);  // answered: the write before it has arrived
    }
    static void set_priority(u32 line, Ipl level) {
        GicBank::set_priority(kDistributor, line, gic_priority(level));
    }
    static void set_unmaskable(u32 line) {
        GicBank::set_priority(kDistributor, line, kGicUnmaskable);
    }
    // What is pending goes along (4.3.12). QEMU 7.2 leaves an edge pending for the old target,
    // where it is not given out any more: asked for again, it is pending for the new one.
    static void route(u32 line, PerCpu const& cpu) {
        mmio::write<u8>(kDistributor + kItargetsr + line, static_cast<u8>(cpu.ipi_target));
        if (GicBank::is_edge(kDistributor, line) && is_pending(line)) {
            unpend(line);
            pend(line);
        }
    }
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger) {
        return GicBank::set_trigger(kDistributor, line, trigger);
    }
    // SGIs have no ISPENDR in GICv2 (4.3.7): they are sent, here to this CPU.
    static void pend(u32 line) {
        if (line < 16) {
            mmio::write<u32>(kDistributor + kSgir, 2u << 24 | line);
        } else {
            GicBank::set_bit(kDistributor, GicBank::kIspendr, line);
        }
    }
    static void unpend(u32 line) {
        if (line < 16) {
            mmio::write<u8>(kDistributor + kCpendsgir + line, 0xff);  // from whichever CPU
        } else {
            GicBank::set_bit(kDistributor, GicBank::kIcpendr, line);
        }
    }
    // Not of an SGI, whose sender would have to be told.
    static void deactivate(u32 line) {
        port::dsb_sy();  // what was written to quiet the device has arrived there
        mmio::write<u32>(kInterface + kDeactivate, line);
    }
    [[nodiscard]] static bool is_pending(u32 line) {
        return GicBank::bit(kDistributor, GicBank::kIspendr, line);
    }
    [[nodiscard]] static bool is_active(u32 line) {
        return GicBank::bit(kDistributor, GicBank::kIsactiver, line);
    }
    [[nodiscard]] static bool is_enabled(u32 line) {
        return GicBank::bit(kDistributor, GicBank::kIsenabler, line);
    }

  private:
    static constexpr uptr kDistributor = port::Cpu::device_address(Map.distributor);
    static constexpr uptr kInterface = port::Cpu::device_address(Map.cpu_interface);

    static constexpr uptr kCtlr = 0x000;            // GICD_CTLR, GICC_CTLR
    static constexpr uptr kTyper = 0x004;           // GICD_TYPER
    static constexpr uptr kPriorityMask = 0x004;    // GICC_PMR
    static constexpr uptr kBinaryPoint = 0x008;     // GICC_BPR
    static constexpr uptr kItargetsr = 0x800;       // GICD_ITARGETSR
    static constexpr uptr kSgir = 0xf00;            // GICD_SGIR
    static constexpr uptr kCpendsgir = 0xf10;       // GICD_CPENDSGIR, a byte an SGI
    static constexpr uptr kActivePriority = 0x0d0;  // GICC_APR
    static constexpr uptr kDeactivate = 0x1000;     // GICC_DIR
    static constexpr u32 kEnable = 1u << 0;
    static constexpr u32 kEoiMode = 1u << 9;  // GICC_CTLR.EOImodeNS
};

}  // namespace pivot
