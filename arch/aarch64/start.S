/* From power-on to pivot_main, and for every other CPU from PSCI's CPU_ON to pivot_secondary_main.
 *
 * Entered by QEMU's or a boot loader's jump, as ELF or as an arm64 Image, at EL3, EL2 or EL1, MMU
 * and data cache off, anywhere in RAM (2 MiB aligned), x0 = the device tree's address or 0 (Linux
 * Documentation/arm64/booting.rst describes the Image protocol). Everything up to "Virtual from
 * here" is position independent: symbols are reached by ADRP only.
 *
 * Register use until then: x19 = the boot argument or the CPU's number, x20 = physical address of
 * the image's first byte, x21 = the exception level of entry, x22 = where to go on at EL1. */

#include "frame.hpp"

/* RW, HCE, RES1, NS: EL2 and EL1 are AArch64, Non-secure. FIQ: without it, Non-secure code sees the
 * GIC's priorities unshifted in ICC_PMR but shifted in the distributor (D17.2.117; IHI 0069H,
 * 4.8.2). */
#define SCR_EL3_VALUE   0x535
#define HCR_EL2_VALUE   0x80000000      /* RW: EL1 is AArch64; nothing is trapped (D17.2.48) */
#define SCTLR_EL2_RES1  0x30c50830      /* MMU, caches and alignment checks off (D17.2.119) */
#define SPSR_EL2H       0x3c9           /* DAIF masked, EL2h */
#define SPSR_EL1H       0x3c5           /* DAIF masked, EL1h */
#define SCTLR_EL1_RES1  0x30d00800      /* MMU, caches and alignment checks off (D17.2.118) */
#define SCTLR_EL1_ON    0x30d0181d      /* + M, C, I, SA, SA0 */
#define ICC_SRE_EL1     S3_0_C12_C12_5
#define ICC_SRE_EL2     S3_4_C12_C9_5
#define ICC_SRE_EL3     S3_6_C12_C12_5
#define ICC_PMR_EL1     S3_0_C4_C6_0
#define ICH_HCR_EL2     S3_4_C12_C11_0

.macro drop_bss_from_cache
        adrp    x5, __bss_start
        adrp    x6, __bss_end
        mrs     x7, ctr_el0
        ubfx    x7, x7, #16, #4         // CTR_EL0.DminLine, log2 words
        mov     x8, #4
        lsl     x7, x8, x7
1:      dc      ivac, x5
        add     x5, x5, x7
        cmp     x5, x6
        b.lo    1b
        dsb     sy                      // complete before the table walker looks
.endm

/* x1 = TTBR0, x2 = TTBR1, x3 = TCR, x4 = MAIR, \virtual = the label to go on at. */
.macro turn_mmu_on virtual
        msr     mair_el1, x4
        msr     tcr_el1, x3
        msr     ttbr0_el1, x1
        msr     ttbr1_el1, x2
        isb                             // the regime is in place before what is stale is dropped
        tlbi    vmalle1
        ic      iallu
        dsb     nsh                     // both done, on this CPU
        isb
        mov     x5, #(SCTLR_EL1_ON & 0xffff)
        movk    x5, #(SCTLR_EL1_ON >> 16), lsl #16
        msr     sctlr_el1, x5
        isb                             // MMU on: still running from the identity map
        ldr     x6, =\virtual           // a link-time, that is virtual, address
        br      x6
.endm

/* Virtual from here: the identity map goes, the vectors come. */
.macro leave_identity_map
        mrs     x1, tcr_el1
        orr     x1, x1, #(1 << 7)       // EPD0: no walks through TTBR0
        msr     tcr_el1, x1
        ldr     x2, =pivot_empty_table_physical
        ldr     x2, [x2]
        msr     ttbr0_el1, x2           // the lower half is empty
        isb
        tlbi    vmalle1                 // the identity map is gone
        dsb     nsh
        isb

        ldr     x1, =pivot_vectors
        msr     vbar_el1, x1
        isb
.endm

        .section .text.head, "ax"
        .globl  _head
_head:
        b       start                   // the Image header: code0
        .long   0                       // code1
        .quad   0                       // load offset from a 2 MiB boundary
        .quad   _image_size
        .quad   0xa                     // little endian, 4 KiB pages, anywhere in memory
        .quad   0, 0, 0
        .ascii  "ARM\x64"
        .long   0

        .globl  start
start:
        msr     daifset, #0xf
        mov     x19, x0
        adrp    x20, _head

        mrs     x1, mpidr_el1
        ldr     x2, =0xff00ffffff       // Aff3, Aff2..Aff0
        tst     x1, x2
        b.ne    park                    // CPU 0 boots; the others are fetched by PSCI, or stay here

        adr     x22, at_el1
        mrs     x21, currentel
        lsr     x21, x21, #2
        cmp     x21, #2
        b.eq    at_el2
        b.lo    at_el1

at_el3:
        mov     x1, #SCR_EL3_VALUE
        mrs     x2, id_aa64pfr0_el1
        msr     cptr_el3, xzr           // FP and trace accesses are not trapped to EL3
        msr     mdcr_el3, xzr           // nor debug and performance counters
        ubfx    x3, x2, #24, #4         // ID_AA64PFR0_EL1.GIC: are there system registers?
        cbz     x3, 1f
        mov     x3, #0xf                // SRE, DFB, DIB, Enable: for every level below, too
        msr     ICC_SRE_EL3, x3
        isb
        mov     x3, #0xff
        msr     ICC_PMR_EL1, x3         // Non-secure code may only lower a mask that is >= 0x80
1:      adrp    x3, boot_stack_top
        mov     sp, x3
        stp     x1, x2, [sp, #-16]!
        bl      pivot_boot_secure_gic   // every line becomes Non-secure (arch/dev/gicv*.hpp)
        ldp     x1, x2, [sp], #16
        msr     scr_el3, x1
        tst     x2, #0xf00              // ID_AA64PFR0_EL1.EL2
        b.ne    2f
        mov     x4, #(SCTLR_EL1_RES1 & 0xffff)
        movk    x4, #(SCTLR_EL1_RES1 >> 16), lsl #16    // no EL2: straight to EL1
        msr     sctlr_el1, x4
        mov     x4, #SPSR_EL1H
        mov     x5, x22
        b       3f
2:      mov     x4, #(SCTLR_EL2_RES1 & 0xffff)
        movk    x4, #(SCTLR_EL2_RES1 >> 16), lsl #16    // what reset leaves in it is unknown
        msr     sctlr_el2, x4
        mov     x4, #SPSR_EL2H
        adr     x5, at_el2
3:      msr     spsr_el3, x4
        msr     elr_el3, x5
        eret

at_el2:
        mov     x1, #HCR_EL2_VALUE
        msr     hcr_el2, x1
        isb                             // E2H is off: the registers below have their EL2 layout
        mov     x1, #3
        msr     cnthctl_el2, x1         // EL1 may use the physical counter and timer
        msr     cntvoff_el2, xzr        // and both counters agree
        mov     x1, #0x33ff
        msr     cptr_el2, x1            // RES1 bits only: nothing is trapped
        msr     hstr_el2, xzr
        mrs     x1, id_aa64dfr0_el1
        ubfx    x2, x1, #8, #4          // PMUVer: 0 and 15 mean that there is no PMCR_EL0
        sub     x3, x2, #1
        mov     x1, #0
        cmp     x3, #14
        b.hs    2f
        mrs     x1, pmcr_el0
        ubfx    x1, x1, #11, #5
2:      msr     mdcr_el2, x1            // all event counters belong to EL1
        msr     vttbr_el2, xzr
        mrs     x1, midr_el1
        msr     vpidr_el2, x1           // EL1 sees the real CPU
        mrs     x1, mpidr_el1
        msr     vmpidr_el2, x1
        mrs     x1, id_aa64pfr0_el1
        ubfx    x1, x1, #24, #4
        cbz     x1, 1f
        mrs     x1, ICC_SRE_EL2
        orr     x1, x1, #1              // SRE
        orr     x1, x1, #8              // Enable: EL1 may use them, too
        msr     ICC_SRE_EL2, x1
        isb                             // ICH_HCR_EL2 exists from here on
        msr     ICH_HCR_EL2, xzr        // no virtual interrupts, no traps of ICC_* accesses
1:      mov     x1, #(SCTLR_EL1_RES1 & 0xffff)
        movk    x1, #(SCTLR_EL1_RES1 >> 16), lsl #16
        msr     sctlr_el1, x1
        mov     x1, #SPSR_EL1H
        msr     spsr_el2, x1
        msr     elr_el2, x22
        eret

at_el1:
        msr     cpacr_el1, xzr          // FP and SIMD trap: the kernel does not save them
        msr     mdscr_el1, xzr          // no breakpoints, no single step
        msr     spsel, #1
        adrp    x0, boot_stack_top
        mov     sp, x0

        drop_bss_from_cache             // or a dirty line may be written over what is stored below
        adrp    x0, __bss_start         // zero .bss; the C++ below relies on it
        add     x0, x0, :lo12:__bss_start
        adrp    x1, __bss_end
        add     x1, x1, :lo12:__bss_end
1:      cmp     x0, x1
        b.hs    2f
        stp     xzr, xzr, [x0], #16
        b       1b
2:
        mov     x0, x20
        bl      pivot_mmu_build         // x0 -> {TTBR0, TTBR1, TCR, MAIR}, physical
        ldp     x1, x2, [x0]
        ldp     x3, x4, [x0, #16]

        drop_bss_from_cache             // stores bypassed it: what it has fetched is stale

        turn_mmu_on virtual_start

virtual_start:
        leave_identity_map
        ldr     x18, =pivot_percpu      // CPU 0's
        ldr     x1, =pivot_interrupt_stack + GUARD_BYTES + INTERRUPT_STACK_BYTES    // the first
        mov     sp, x1                  // SP_EL1: the interrupt stack
        msr     spsel, #0
        ldr     x1, =pivot_boot_thread_stack + GUARD_BYTES + BOOT_THREAD_STACK_BYTES
        mov     sp, x1                  // SP_EL0: the boot thread's
        mov     x29, xzr
        mov     x30, xzr
        ldr     x1, =pivot_entry_level
        str     x21, [x1]
        msr     daifclr, #0xd           // debug, SError and FIQ are let in: each would be a panic
                                        // (IRQ waits for the controller)
        mov     x0, x19
        b       pivot_main

park:   wfe
        b       park

/* Another CPU, by PSCI's CPU_ON: at EL2 or EL1, MMU and data cache off, x0 = its number.
 *
 * With the cache off it reads memory itself: the code, which the loader has put there, and
 * pivot_boot_map, which the boot CPU has stored with its own cache off and never touched again. So
 * nothing need be cleaned for it. What it reads once its MMU is on (its PerCpu, the tables) comes
 * through the caches, which are coherent from then on. */
        .globl  pivot_secondary_start
pivot_secondary_start:
        msr     daifset, #0xf
        mov     x19, x0
        adr     x22, secondary_at_el1
        mrs     x21, currentel
        lsr     x21, x21, #2
        cmp     x21, #2
        b.eq    at_el2
        b.hi    park                    // nobody who answers PSCI calls sends us to EL3

secondary_at_el1:
        msr     cpacr_el1, xzr          // as for the boot CPU, above
        msr     mdscr_el1, xzr
        adrp    x0, pivot_boot_map
        add     x0, x0, :lo12:pivot_boot_map
        ldp     x1, x2, [x0]
        ldp     x3, x4, [x0, #16]
        turn_mmu_on secondary_virtual

secondary_virtual:
        leave_identity_map
        ldr     x18, =pivot_percpu
        ldr     x1, =CPU_SIZE
        madd    x18, x19, x1, x18       // this CPU's; the boot CPU has said where its stacks are
        msr     spsel, #1
        add     x1, x18, #(CPU_INTERRUPT_STACK & 0xff000)
        ldr     x1, [x1, #(CPU_INTERRUPT_STACK & 0xfff)]
        add     x1, x1, #INTERRUPT_STACK_BYTES
        mov     sp, x1                  // SP_EL1: the interrupt stack
        msr     spsel, #0
        ldr     x1, =pivot_idle_stacks
        mov     x2, #(GUARD_BYTES + IDLE_STACK_BYTES)
        add     x3, x19, #1
        madd    x1, x3, x2, x1
        mov     sp, x1                  // SP_EL0: its idle thread's
        mov     x29, xzr
        mov     x30, xzr
        msr     daifclr, #0xd
        mov     x0, x19
        b       pivot_secondary_main

        .ltorg

        .section .bss.boot_stack, "aw", %nobits
        .balign 4096
        .skip   4096
boot_stack_top:

        .section .bss.entry_level, "aw", %nobits
        .balign 8
        .globl  pivot_entry_level
pivot_entry_level:
        .skip   8
