// QEMU's `virt` machine: what is where. The two boards differ in their interrupt controller alone.
//
// Who: boot. Lock order: none. Source: QEMU, hw/arm/virt.c, and the device tree it generates.
#pragma once

#include "arch/contract/platform.hpp"
#include "intr/line_id.hpp"
#include "spl/ipl.hpp"

#if PIVOT_GIC == 3
#include "arch/dev/gicv3.hpp"
#else
#include "arch/dev/gicv2.hpp"
#endif

namespace pivot {

struct QemuVirt {
#if PIVOT_GIC == 3
    static constexpr const char* kName = "qemu-virt";
    using Controller = GicV3<GicV3Map{.distributor = 0x0800'0000, .redistributors = 0x080a'0000}>;
#else
    static constexpr const char* kName = "qemu-virt-gicv2";
    using Controller = GicV2<GicV2Map{.distributor = 0x0800'0000, .cpu_interface = 0x0801'0000}>;
#endif

    static constexpr bool kIsEmulated = true;  // semihosting calls are answered
    static constexpr u64 kUart = 0x0900'0000;  // PL011
    static constexpr u32 kUartClockHz = 24'000'000;
    static constexpr Spi kUartLine{33};
    static constexpr Ppi kVirtualTimerLine{27};
    static constexpr Ppi kPhysicalTimerLine{30};
    // Lines without a device, for software-pending: tests and benchmarks.
    static constexpr Spi kSpareLines[3] = {Spi{200}, Spi{201}, Spi{202}};
};

using Board = QemuVirt;

}  // namespace pivot
