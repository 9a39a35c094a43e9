// ESR_EL1, the exception syndrome, in words.
//
// Who: panic. Lock order: none; pure functions.
// Source: Arm ARM DDI 0487, D17.2.37 (ESR_EL1), and there "ISS encoding for an exception from ...".
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

struct Syndrome {
    u64 esr;

    //                       field                     bits     manual
    [[nodiscard]] u32 exception_class() const { return (esr >> 26) & 0x3f; }  // EC
    [[nodiscard]] u32 comment() const { return esr & 0xffff; }                // ISS of BRK, SVC
    [[nodiscard]] u32 fault_status() const { return esr & 0x3f; }             // DFSC, IFSC
    [[nodiscard]] bool is_write() const { return is_data_abort() && (esr >> 6 & 1) != 0; }  // WnR
    [[nodiscard]] bool has_address() const {  // FnV = 0, of aborts and PC alignment faults
        return (is_data_abort() || is_instruction_abort()) ? (esr >> 10 & 1) == 0
                                                           : exception_class() == kPcAlignment;
    }

    [[nodiscard]] bool is_data_abort() const { return (exception_class() & ~1u) == kDataAbort; }
    [[nodiscard]] bool is_instruction_abort() const {
        return (exception_class() & ~1u) == kInstructionAbort;
    }
    [[nodiscard]] bool is_translation() const { return (fault_status() & 0x3c) == 0x04; }
    [[nodiscard]] bool is_permission() const { return (fault_status() & 0x3c) == 0x0c; }
    [[nodiscard]] bool is_alignment() const { return fault_status() == 0x21; }
    [[nodiscard]] bool is_external() const {
        return fault_status() == 0x10 || (fault_status() & 0x3c) == 0x14;
    }

    static constexpr u32 kUnknown = 0x00;
    static constexpr u32 kFpAccess = 0x07;
    static constexpr u32 kIllegalState = 0x0e;
    static constexpr u32 kSvc = 0x15;
    static constexpr u32 kSysreg = 0x18;
    static constexpr u32 kInstructionAbort = 0x20;  // and 0x21: from the same level
    static constexpr u32 kPcAlignment = 0x22;
    static constexpr u32 kDataAbort = 0x24;  // and 0x25
    static constexpr u32 kSpAlignment = 0x26;
    static constexpr u32 kSError = 0x2f;
    static constexpr u32 kBrk = 0x3c;
};

// The exception class as the manual names it.
[[nodiscard]] const char* class_name(Syndrome syndrome);

// An abort's fault status without its level, and the level (4: the status has none).
[[nodiscard]] const char* status_name(Syndrome syndrome);
[[nodiscard]] u32 status_level(Syndrome syndrome);

}  // namespace pivot::port
