// PSCI: what the firmware (or QEMU in its place) does for us.
//
// Who: threads. Lock order: none.
// Sources: Arm DEN 0022 (PSCI), 5.1; DEN 0028 (SMC calling convention), 2.6: x4-x17 may be changed
// by the call, x18 and up may not.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

struct Psci {
    // How a call gets to whoever answers it. From EL1, a call that nobody is there for would end in
    // an exception level without vectors, or in a panic: so it is told from the levels that exist.
    //   no EL2, no EL3   a hypervisor is above us, hidden: it takes HVC
    //   EL2, no EL3      QEMU itself answers, to SMC
    //   EL3              only if firmware runs there; booted without one, nobody does
    enum class Conduit : u8 { none, hvc, smc };

    [[nodiscard]] static Conduit conduit() {
        u64 features;
        asm("mrs %0, id_aa64pfr0_el1" : "=r"(features));
        bool const el2 = (features >> 8 & 0xf) != 0;
        bool const el3 = (features >> 12 & 0xf) != 0;
        if (el3) {
            return Conduit::none;
        }
        return el2 ? Conduit::smc : Conduit::hvc;
    }

    // Starts the machine anew. Returns only if that cannot be done.
    static void system_reset() {
        constexpr u64 kSystemReset = 0x8400'0009;  // 5.1.12
        switch (conduit()) {
            case Conduit::none:
                return;
            case Conduit::hvc:
                hvc(kSystemReset);
                return;
            case Conduit::smc:
                smc(kSystemReset);
                return;
        }
    }

  private:
#define PIVOT_PSCI_CALL(instruction)                                                              \
    static void instruction(u64 function) {                                                       \
        register u64 x0 asm("x0") = function;                                                     \
        asm volatile(#instruction " #0"                                                           \
                     : "+r"(x0)                                                                   \
                     :                                                                            \
                     : "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", \
                       "x13", "x14", "x15", "x16", "x17", "memory");                              \
    }
    PIVOT_PSCI_CALL(hvc)
    PIVOT_PSCI_CALL(smc)
#undef PIVOT_PSCI_CALL
};

}  // namespace pivot::port
