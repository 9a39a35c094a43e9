// System registers by name, and the fields that the kernel sets, refused at compile time if too
// wide.
//
// Who: both. Lock order: none. Arm ARM DDI 0487, D17; GIC IHI 0069, 12.2.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::port {

// A register's encoding as the assembler wants it, one specialisation a register.
enum class Sysreg {
    cntfrq_el0,
    cntvct_el0,
    cntpct_el0,
    cntv_ctl_el0,
    cntv_cval_el0,
    cntp_ctl_el0,
    cntp_cval_el0,
    sp_el0,
    spsel,
    currentel,
    esr_el1,
    far_el1,
    mpidr_el1,
    sctlr_el1,
    tcr_el1,
    ttbr1_el1,
    mair_el1,
    par_el1,
    icc_pmr_el1,
    icc_ctlr_el1,
    icc_sre_el1,
    icc_ap1r0_el1,
    icc_bpr1_el1,
    icc_igrpen1_el1,
    icc_rpr_el1,
    icc_hppir1_el1,
    icc_dir_el1,
    icc_sgi1r_el1,
};

template <Sysreg R>
struct SysregAccess;

#define PIVOT_SYSREG(name, encoding)                                        \
    template <>                                                             \
    struct SysregAccess<Sysreg::name> {                                     \
        [[gnu::always_inline]] static u64 read() {                          \
            u64 value;                                                      \
            asm volatile("mrs %0, " encoding : "=r"(value)::"memory");      \
            return value;                                                   \
        }                                                                   \
        [[gnu::always_inline]] static void write(u64 value) {               \
            asm volatile("msr " encoding ", %x0" ::"rZ"(value) : "memory"); \
        }                                                                   \
    }

//           name               encoding          manual
PIVOT_SYSREG(cntfrq_el0, "cntfrq_el0");           // D17.11.1   counter frequency
PIVOT_SYSREG(cntvct_el0, "cntvct_el0");           // D17.11.24  virtual count
PIVOT_SYSREG(cntpct_el0, "cntpct_el0");           // D17.11.19  physical count
PIVOT_SYSREG(cntv_ctl_el0, "cntv_ctl_el0");       // D17.11.22  virtual timer control
PIVOT_SYSREG(cntv_cval_el0, "cntv_cval_el0");     // D17.11.23  virtual timer deadline
PIVOT_SYSREG(cntp_ctl_el0, "cntp_ctl_el0");       // D17.11.16  physical timer control
PIVOT_SYSREG(cntp_cval_el0, "cntp_cval_el0");     // D17.11.17  physical timer deadline
PIVOT_SYSREG(sp_el0, "sp_el0");                   // C5.2.17    the threads' stack pointer
PIVOT_SYSREG(spsel, "spsel");                     // C5.2.18    stack pointer select
PIVOT_SYSREG(currentel, "currentel");             // C5.2.2     exception level
PIVOT_SYSREG(esr_el1, "esr_el1");                 // D17.2.37   exception syndrome
PIVOT_SYSREG(far_el1, "far_el1");                 // D17.2.40   fault address
PIVOT_SYSREG(mpidr_el1, "mpidr_el1");             // D17.2.101  this CPU's affinity
PIVOT_SYSREG(sctlr_el1, "sctlr_el1");             // D17.2.118  MMU and caches on
PIVOT_SYSREG(tcr_el1, "tcr_el1");                 // D17.2.131  translation control
PIVOT_SYSREG(ttbr1_el1, "ttbr1_el1");             // D17.2.139  the upper half's first table
PIVOT_SYSREG(mair_el1, "mair_el1");               // D17.2.97   memory types
PIVOT_SYSREG(par_el1, "par_el1");                 // D17.2.104  what AT has found
PIVOT_SYSREG(icc_pmr_el1, "S3_0_C4_C6_0");        // 12.2.21    priority mask
PIVOT_SYSREG(icc_ctlr_el1, "S3_0_C12_C12_4");     // 12.2.6     EOImode
PIVOT_SYSREG(icc_sre_el1, "S3_0_C12_C12_5");      // 12.2.25    system register enable
PIVOT_SYSREG(icc_ap1r0_el1, "S3_0_C12_C9_0");     // 12.2.2     active priorities
PIVOT_SYSREG(icc_bpr1_el1, "S3_0_C12_C12_3");     // 12.2.5     binary point
PIVOT_SYSREG(icc_igrpen1_el1, "S3_0_C12_C12_7");  // 12.2.16    group 1 enable
PIVOT_SYSREG(icc_rpr_el1, "S3_0_C12_C11_3");      // 12.2.22    running priority
PIVOT_SYSREG(icc_hppir1_el1, "S3_0_C12_C12_2");   // 12.2.13    highest pending
PIVOT_SYSREG(icc_dir_el1, "S3_0_C12_C11_1");      // 12.2.7     deactivate
PIVOT_SYSREG(icc_sgi1r_el1, "S3_0_C12_C11_5");    // 12.2.22    send an SGI

#undef PIVOT_SYSREG

template <Sysreg R>
[[nodiscard, gnu::always_inline]] inline u64 read_sysreg() {
    return SysregAccess<R>::read();
}

template <Sysreg R>
[[gnu::always_inline]] inline void write_sysreg(u64 value) {
    SysregAccess<R>::write(value);
}

// Context synchronisation: what was written to system registers is in force for what follows.
inline void isb() { asm volatile("isb" ::: "memory"); }
// All memory and device accesses before it are complete.
inline void dsb_sy() { asm volatile("dsb sy" ::: "memory"); }

// Called only to fail: it is not constexpr, so an over-wide field does not compile.
void register_field_is_too_narrow_for_this_value();

// Bits [Shift + Width - 1 : Shift] holding `value`.
template <u32 Shift, u32 Width>
consteval u64 field(u64 value) {
    if (Width < 64 && (value >> Width) != 0) {
        register_field_is_too_narrow_for_this_value();
    }
    return value << Shift;
}

}  // namespace pivot::port
