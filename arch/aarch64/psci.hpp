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

    // What a call answers (5.2.2): 0, or one of these, negative.
    static constexpr i32 kSuccess = 0;
    static constexpr i32 kNotSupported = -1;

    // Starts the machine anew. Returns only if that cannot be done.
    static void system_reset() {
        constexpr u64 kSystemReset = 0x8400'0009;  // 5.1.12
        (void)call(kSystemReset, 0, 0, 0);
    }

    // Starts the CPU of that affinity (MPIDR_EL1's fields) at a physical address, with x0 =
    // context. The answer says only whether it was asked to.
    [[nodiscard]] static i32 cpu_on(u64 affinity, u64 entry, u64 context) {
        constexpr u64 kCpuOn = 0xc400'0003;  // 5.1.4, with 64-bit arguments
        return call(kCpuOn, affinity, entry, context);
    }

    // Ends this CPU. Returns only if that cannot be done.
    static void cpu_off() {
        constexpr u64 kCpuOff = 0x8400'0002;  // 5.1.3
        (void)call(kCpuOff, 0, 0, 0);
    }

    [[nodiscard]] static const char* name_of(i32 answer) {
        constexpr const char* kNames[] = {
            "SUCCESS",    "NOT_SUPPORTED",    "INVALID_PARAMETERS", "DENIED",   "ALREADY_ON",
            "ON_PENDING", "INTERNAL_FAILURE", "NOT_PRESENT",        "DISABLED", "INVALID_ADDRESS"};
        return answer <= 0 && answer > -10 ? kNames[-answer] : "?";
    }

  private:
    static i32 call(u64 function, u64 a, u64 b, u64 c) {
        switch (conduit()) {
            case Conduit::hvc:
                return hvc(function, a, b, c);
            case Conduit::smc:
                return smc(function, a, b, c);
            case Conduit::none:
                break;
        }
        return kNotSupported;
    }

#define PIVOT_PSCI_CALL(instruction)                                                          \
    static i32 instruction(u64 function, u64 a, u64 b, u64 c) {                               \
        register u64 x0 asm("x0") = function;                                                 \
        register u64 x1 asm("x1") = a;                                                        \
        register u64 x2 asm("x2") = b;                                                        \
        register u64 x3 asm("x3") = c;                                                        \
        asm volatile(#instruction " #0"                                                       \
                     : "+r"(x0), "+r"(x1), "+r"(x2), "+r"(x3)                                 \
                     :                                                                        \
                     : "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", \
                       "x15", "x16", "x17", "memory");                                        \
        return static_cast<i32>(x0);                                                          \
    }
    PIVOT_PSCI_CALL(hvc)
    PIVOT_PSCI_CALL(smc)
#undef PIVOT_PSCI_CALL
};

}  // namespace pivot::port
