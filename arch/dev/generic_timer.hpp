// The Arm generic timers, seen from one CPU: the virtual one is the kernel's clock, the physical
// one is free for a driver (the benchmark is one).
//
// Who: both. Lock order: none; each CPU has its own.
// Source: Arm ARM D11; registers D17.11.
#pragma once

#include "arch/contract/cpu.hpp"

namespace pivot {

template <port::Sysreg Ctl, port::Sysreg Cval, port::Sysreg Count>
struct GenericTimer {
    [[nodiscard]] static u64 now() { return port::read_sysreg<Count>(); }

    // Fires when the counter has reached `deadline`; at once if that is past.
    static void arm(u64 deadline) {
        port::write_sysreg<Cval>(deadline);
        port::write_sysreg<Ctl>(kEnable);
        port::isb();
    }

    // The line is no longer asserted when this returns.
    static void quiet() {
        port::write_sysreg<Ctl>(0);
        port::isb();  // in force before the controller is told that the top half is done
    }

    static constexpr u64 kEnable = 1;  // CNTx_CTL.ENABLE, IMASK = 0
};

using VirtualTimer =
    GenericTimer<port::Sysreg::cntv_ctl_el0, port::Sysreg::cntv_cval_el0, port::Sysreg::cntvct_el0>;
using PhysicalTimer =
    GenericTimer<port::Sysreg::cntp_ctl_el0, port::Sysreg::cntp_cval_el0, port::Sysreg::cntpct_el0>;

}  // namespace pivot
