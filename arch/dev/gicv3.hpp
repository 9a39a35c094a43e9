// GICv3: distributor, one redistributor a CPU, CPU interface in system registers.
//
// Who: as intr/controller.hpp says. Lock order: none.
// Source: IHI 0069H. The acknowledge, end and mask operations are in arch/aarch64.
#pragma once

#include "arch/contract/cpu.hpp"
#include "arch/dev/gic.hpp"

namespace pivot {

struct GicV3Map {
    u64 distributor;  // physical
    u64 redistributors;
};

template <GicV3Map Map>
struct GicV3 {
    static constexpr bool kInDeviceMemory = false;  // the CPU interface

    static void init_distributor() {
        mmio::write<u32>(kDistributor + kCtlr, 0);
        wait(kDistributor + kCtlr);
        for (u32 line = 32; line < lines(); line += 32) {
            mmio::write<u32>(kDistributor + GicBank::kIgroupr + 4 * (line / 32), ~u32{0});
        }
        GicBank::reset(kDistributor, 32, lines() - 32);
        for (u32 line = 32; line < lines(); ++line) {
            mmio::write<u64>(kDistributor + kIrouter + 8 * line, 0);  // CPU 0
        }
        mmio::write<u32>(kDistributor + kCtlr, kAffinityRouting | kEnableGroup1);
        wait(kDistributor + kCtlr);
    }

    static void init_cpu() {
        wake(kRedistributor);
        mmio::write<u32>(kBank + GicBank::kIgroupr, ~u32{0});
        GicBank::reset(kBank, 0, 32);
        wait(kRedistributor);
        using port::Sysreg;
        port::write_sysreg<Sysreg::icc_sre_el1>(port::read_sysreg<Sysreg::icc_sre_el1>() | 1);
        port::isb();  // the ICC registers below exist from here on
        port::write_sysreg<Sysreg::icc_ctlr_el1>(kEoiMode);
        // whoever ran before may have left one active
        port::write_sysreg<Sysreg::icc_ap1r0_el1>(0);
        port::write_sysreg<Sysreg::icc_bpr1_el1>(0);  // as many preemption levels as there are
        set_priority_mask(0);
        port::write_sysreg<Sysreg::icc_igrpen1_el1>(1);
        port::isb();
    }

    [[nodiscard]] static u32 lines() {
        u32 const n = 32 * ((mmio::read<u32>(kDistributor + kTyper) & 31) + 1);
        return n > 1020 ? 1020 : n;
    }

    // What the CPU interface holds off, read back: for tests and diagnosis.
    [[nodiscard]] static u32 priority_mask() {
        return static_cast<u32>(port::read_sysreg<port::Sysreg::icc_pmr_el1>());
    }

    // At EL3 with the MMU off: physical addresses, Secure register views (4.6.2).
    static void hand_to_non_secure() {
        constexpr u32 kAffinityRoutingBoth = 1u << 4 | 1u << 5;  // ARE_S, ARE_NS
        mmio::write<u32>(Map.distributor + kCtlr, kAffinityRoutingBoth);
        while ((mmio::read<u32>(Map.distributor + kCtlr) >> 31) != 0) {  // RWP
        }
        for (uptr word = 0; word < 32; ++word) {
            mmio::write<u32>(Map.distributor + GicBank::kIgroupr + 4 * word, ~u32{0});
        }
        wake(Map.redistributors);  // GICR_WAKER is Secure (12.11.42)
        mmio::write<u32>(Map.redistributors + kSgiFrame + GicBank::kIgroupr, ~u32{0});
        // Non-secure, not Secure 1
        mmio::write<u32>(Map.redistributors + kSgiFrame + kIgrpmodr, 0);
    }

    static void enable(u32 line) { GicBank::set_bit(bank(line), GicBank::kIsenabler, line); }
    static void disable(u32 line) {
        GicBank::set_bit(bank(line), GicBank::kIcenabler, line);
        wait(line < 32 ? kRedistributor : kDistributor + kCtlr);
    }
    static void set_priority(u32 line, Ipl level) {
        GicBank::set_priority(bank(line), line, level);
    }
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger) {
        return GicBank::set_trigger(bank(line), line, trigger);
    }
    static void pend(u32 line) { GicBank::set_bit(bank(line), GicBank::kIspendr, line); }
    static void unpend(u32 line) { GicBank::set_bit(bank(line), GicBank::kIcpendr, line); }
    [[nodiscard]] static bool is_pending(u32 line) {
        return GicBank::bit(bank(line), GicBank::kIspendr, line);
    }
    [[nodiscard]] static bool is_active(u32 line) {
        return GicBank::bit(bank(line), GicBank::kIsactiver, line);
    }
    [[nodiscard]] static bool is_enabled(u32 line) {
        return GicBank::bit(bank(line), GicBank::kIsenabler, line);
    }

  private:
    static constexpr uptr kDistributor = port::Cpu::device_address(Map.distributor);
    static constexpr uptr kRedistributor = port::Cpu::device_address(Map.redistributors);
    static constexpr uptr kSgiFrame = 0x10000;
    static constexpr uptr kBank = kRedistributor + kSgiFrame;
    static constexpr uptr kIgrpmodr = 0x0d00;  // GICR_IGRPMODR0

    static constexpr uptr kCtlr = 0x0000;   // GICD_CTLR, GICR_CTLR: bit 31 / bit 3 = write pending
    static constexpr uptr kTyper = 0x0004;  // GICD_TYPER
    static constexpr uptr kWaker = 0x0014;  // GICR_WAKER
    static constexpr uptr kIrouter = 0x6000;  // GICD_IROUTER<n>
    static constexpr u32 kEnableGroup1 = 1u << 1;
    static constexpr u32 kAffinityRouting = 1u << 4;
    static constexpr u32 kProcessorSleep = 1u << 1;
    static constexpr u32 kChildrenAsleep = 1u << 2;
    static constexpr u64 kEoiMode = 1u << 1;  // ICC_CTLR_EL1.EOImode: EOIR drops, DIR deactivates

    static void wake(uptr redistributor) {
        u32 const waker = mmio::read<u32>(redistributor + kWaker);
        mmio::write<u32>(redistributor + kWaker, waker & ~kProcessorSleep);
        while ((mmio::read<u32>(redistributor + kWaker) & kChildrenAsleep) != 0) {
            cpu_relax();
        }
    }

    static uptr bank(u32 line) { return line < 32 ? kBank : kDistributor; }

    // Until a write to CTLR or ICENABLER is in force everywhere.
    static void wait(uptr ctlr) {
        u32 const pending = ctlr == kRedistributor ? 1u << 3 : 1u << 31;
        while ((mmio::read<u32>(ctlr) & pending) != 0) {
            cpu_relax();
        }
    }
};

}  // namespace pivot
