// GICv3: distributor, one redistributor a CPU, CPU interface in system registers.
//
// Who: as intr/controller.hpp says. Lock order: none.
// Source: IHI 0069H. The acknowledge, end and mask operations are in arch/aarch64.
#pragma once

#include "arch/contract/cpu.hpp"
#include "arch/dev/gic.hpp"
#include "kern/base/assert.hpp"

namespace pivot {

struct GicV3Map {
    u64 distributor;     // physical
    u64 redistributors;  // the first of them; they follow one another
};

template <GicV3Map Map>
struct GicV3 {
    static constexpr bool kInDeviceMemory = false;  // the CPU interface

    static void init_distributor() {
        mmio::write<u32>(kDistributor + kCtlr, 0);
        wait_for_distributor();
        for (u32 line = 32; line < lines(); line += 32) {
            mmio::write<u32>(kDistributor + GicBank::kIgroupr + 4 * (line / 32), ~u32{0});
        }
        GicBank::reset(kDistributor, 32, lines() - 32);
        mmio::write<u32>(kDistributor + kCtlr, kAffinityRouting | kEnableGroup1);
        wait_for_distributor();
    }

    // There is one redistributor a CPU, in no order that means anything.
    static u32 find_cpus(u64* affinities, u32 room) {
        u32 count = 0;
        for_each_redistributor([&](u64 affinity, uptr) {
            if (count < room) {
                affinities[count] = affinity;
            }
            ++count;
        });
        return count;
    }

    static void init_cpu() {
        PerCpu& cpu = this_cpu();
        for_each_redistributor([&](u64 affinity, uptr redistributor) {
            if (affinity == cpu.affinity) {
                cpu.controller = redistributor;
            }
        });
        PIVOT_REQUIRE(cpu.controller != 0, "this CPU has no redistributor");
        cpu.ipi_target = sgi_target(cpu.affinity);
        wake(cpu.controller);
        mmio::write<u32>(own_bank() + GicBank::kIgroupr, ~u32{0});
        GicBank::reset(own_bank(), 0, 32);
        wait_for_redistributor();
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
        if (line < 32) {
            wait_for_redistributor();
        } else {
            wait_for_distributor();
        }
    }
    static void set_priority(u32 line, Ipl level) {
        GicBank::set_priority(bank(line), line, gic_priority(level));
    }
    static void set_unmaskable(u32 line) {
        GicBank::set_priority(bank(line), line, kGicUnmaskable);
    }
    static void route(u32 line, PerCpu const& cpu) {
        mmio::write<u64>(kDistributor + kIrouter + 8 * line, cpu.affinity);
    }
    [[nodiscard]] static bool set_trigger(u32 line, Trigger trigger) {
        return GicBank::set_trigger(bank(line), line, trigger);
    }
    static void pend(u32 line) { GicBank::set_bit(bank(line), GicBank::kIspendr, line); }
    static void unpend(u32 line) { GicBank::set_bit(bank(line), GicBank::kIcpendr, line); }
    static void deactivate(u32 line) {
        port::dsb_sy();  // what was written to quiet the device has arrived there
        port::write_sysreg<port::Sysreg::icc_dir_el1>(line);
    }
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
    static constexpr uptr kRedistributors = port::Cpu::device_address(Map.redistributors);
    static constexpr uptr kSgiFrame = 0x10000;
    static constexpr uptr kIgrpmodr = 0x0d00;  // GICR_IGRPMODR0

    static constexpr uptr kCtlr = 0x0000;   // GICD_CTLR, GICR_CTLR: bit 31 / bit 3 = write pending
    static constexpr uptr kTyper = 0x0004;  // GICD_TYPER
    static constexpr uptr kRedistributorTyper = 0x0008;  // GICR_TYPER, 64 bits
    static constexpr uptr kWaker = 0x0014;               // GICR_WAKER
    static constexpr uptr kIrouter = 0x6000;             // GICD_IROUTER<n>
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

    // GICR_TYPER (12.11.35): Affinity_Value [63:32], Last [4], VLPIS [1]. A redistributor is two
    // frames of 64 KiB, and two more where it does virtual LPIs.
    template <typename Visit>
    static void for_each_redistributor(Visit&& visit) {
        for (uptr at = kRedistributors;;) {
            u64 const typer = mmio::read<u64>(at + kRedistributorTyper);
            visit((typer >> 56) << 32 | (typer >> 32 & 0xff'ffff), at);  // as in MPIDR_EL1
            if ((typer & 1u << 4) != 0) {
                return;
            }
            at += (typer & 1u << 1) != 0 ? 0x40000 : 0x20000;
        }
    }

    // ICC_SGI1R_EL1 (12.2.22): Aff3 [55:48], RS [47:44], Aff2 [39:32], Aff1 [23:16], TargetList
    // [15:0], which is a bit for each of the sixteen Aff0 of the range RS.
    static constexpr u64 sgi_target(u64 affinity) {
        u64 const aff0 = affinity & 0xff;
        return (affinity >> 32 & 0xff) << 48 | (aff0 / 16) << 44 | (affinity >> 16 & 0xff) << 32 |
               (affinity >> 8 & 0xff) << 16 | u64{1} << (aff0 % 16);
    }

    // SGIs and PPIs are in this CPU's redistributor, so the caller holds off preemption.
    static uptr own_bank() { return this_cpu().controller + kSgiFrame; }
    static uptr bank(u32 line) { return line < 32 ? own_bank() : kDistributor; }

    // Until a write to CTLR or ICENABLER is in force everywhere (RWP).
    static void wait_while(uptr ctlr, u32 pending) {
        while ((mmio::read<u32>(ctlr) & pending) != 0) {
            cpu_relax();
        }
    }
    static void wait_for_distributor() { wait_while(kDistributor + kCtlr, 1u << 31); }
    static void wait_for_redistributor() { wait_while(this_cpu().controller + kCtlr, 1u << 3); }
};

}  // namespace pivot
