/* The exception vectors and the whole interrupt path.
 *
 * Threads run at EL1 on SP_EL0 (PSTATE.SP = 0); every exception arrives on SP_EL1, this CPU's
 * interrupt stack. So the hardware has switched stacks before the first instruction below, an
 * interrupt of a thread and an interrupt of a top half arrive at different vectors, and a thread
 * whose stack has overflowed is caught on a good one.
 *
 *      thread's stack (SP_EL0)              interrupt stack (SP_EL1)
 *      | ...            |                   |                     | <- top, while a thread runs
 *      | thread's frames|                   | top half, level vm  |
 *      | InterruptFrame | <- SP_EL0         | InterruptFrame      | <- a nested interrupt's
 *                                           | top half, level high|
 *
 * The first-level frame is stored on the *thread's* stack, the top half runs on the interrupt
 * stack: two PSTATE.SP writes buy that a thread which must give way at exit is switched like any
 * other, with nothing to copy (docs/decisions/frame-on-thread-stack.md). Only the caller-saved
 * registers are saved, no address space, no FP: it is a stack switch, not a context switch.
 *
 * x18 is this CPU's PerCpu in all code and is never saved or changed (-ffixed-x18).
 *
 * Interrupts are masked from the vector to "msr daifclr" and from "msr daifset" to ERET. DAIFCLR
 * clears all four masks that the exception set: debug, SError and FIQ are never meant to wait. In
 * between the running priority and the SPL hold off all but higher lines, which nest through
 * vector_irq_nested. */

#include "frame.hpp"
#include "gic_cpu_interface.h"

        .section .text.vectors, "ax"
        .balign 0x800                   // the table's alignment; given below, where the section's
                                        // beginning is returned to, it would be marked as data
        .subsection 1                   // behind the table

/* -------------------------------------------------------------------------------------------------
 * Parts shared by the first-level and the nested path.
 */

.macro save_caller_saved                /* 10 stores: AAPCS64's caller-saved registers */
        stp     x0, x1, [sp, #-FRAME_SIZE]!
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x29, x30, [sp, #FRAME_X29]
.endm

.macro restore_state
        ldp     x4, x5, [sp, #FRAME_ELR]
        msr     elr_el1, x4             // a nested interrupt has overwritten both
        msr     spsr_el1, x5
.endm

.macro restore_and_return
        ldp     x2, x3, [sp, #16]
        ldp     x4, x5, [sp, #32]
        ldp     x6, x7, [sp, #48]
        ldp     x8, x9, [sp, #64]
        ldp     x10, x11, [sp, #80]
        ldp     x12, x13, [sp, #96]
        ldp     x14, x15, [sp, #112]
        ldp     x16, x17, [sp, #128]
        ldp     x29, x30, [sp, #FRAME_X29]
        ldp     x0, x1, [sp], #FRAME_SIZE
        eret
.endm

/* Reads what must survive nesting: x4 = ELR, x5 = SPSR, x6 = SPL; branches away if the controller
 * does not yet hold off all hard levels that the SPL does (their bytes are the low words). */
.macro read_state lagging
        mrs     x4, elr_el1             // where the interrupted code goes on
        mrs     x5, spsr_el1            // and with which PSTATE
        ldp     x6, x7, [x18, #CPU_SPL] // the SPL, and what the controller enforces
        cmp     w6, w7                  // hard levels only: soft ones hold off no line
        b.ne    \lagging
.endm

/* x2 = INTID -> x0 = its line (biased by CPU_LINES), saved state complete, SPL = the line's. */
.macro begin_line
        add     x0, x18, x2, lsl #5     // this CPU's table: nothing shared, no bounds check needed
        stp     x4, x5, [sp, #FRAME_ELR]
        stp     x6, x0, [sp, #FRAME_SPL]
        irq_remember sp
        ldr     x3, [x0, #CPU_LINES + LINE_SPL]
        stp     x3, x3, [x18, #CPU_SPL] // the running priority enforces it: hardware = SPL
        ldp     x3, x1, [x0, #CPU_LINES + LINE_HANDLER]
.endm

/* The SPL says more than the controller enforces, or less. Tell it, mark the level so that splx
 * undoes it, and acknowledge: what the SPL holds off is not given out and stays pending. In: x6 =
 * SPL. Clobbers x7..x10. Goes on at \resume with x2 = INTID, or returns to the interrupted code,
 * whose place it leaves for the black box: should the device lose data, here was the culprit. */
.macro catch_up resume, restore
        clz     w7, w6                  // 32, 24, 16, 8 for none, vm, sched, high
        mov     w8, #0xb0
        add     w8, w8, w7, lsl #1      // the GIC priority of that level (gic.hpp: gic_priority)
        irq_mask_x8
        stp     x6, x6, [x18, #CPU_HARDWARE]    // and CPU_MASK, which follows it
        cbz     w6, 1f                  // nothing is held off any more
        sub     x9, x18, x7, lsr #3     // the byte of that level: splx below it will look
        strb    w8, [x9, #CPU_ATTENTION + 3]    // a GIC priority is 0x80 or more: as good a mark
        irq_acknowledge
        cmp     w2, #INTID_SPECIAL
        b.lo    \resume
        ldr     x7, [x18, #CPU_HELD]
        ldr     x8, [x18, #CPU_HELD_OFF]
        mrs     x9, cntvct_el0
        add     x8, x8, #1
        stp     x4, x7, [x18, #CPU_HELD_OFF_PC]
        stp     x9, x8, [x18, #CPU_HELD_OFF_SINCE]      // and the count, which follows it
        b       \restore               // nothing has nested: ELR and SPSR are as they were
1:      irq_acknowledge                 // as if it had not lagged
        b       \resume
.endm

/* -------------------------------------------------------------------------------------------------
 * An interrupt of a thread.
 */

.macro irq_thread_entry
        .globl  vector_irq_thread
vector_irq_thread:
        msr     spsel, #0               // the frame goes to the thread's own stack
        save_caller_saved
        read_state irq_thread_lagging
        irq_acknowledge
irq_thread_acknowledged:
        begin_line
        msr     spsel, #1               // the top half runs on the interrupt stack
        msr     daifclr, #0xf           // higher lines may nest from here on
        blr     x3
        .globl  irq_thread_handled      // a return address that the backtrace knows
irq_thread_handled:
        b       irq_thread_exit
        .if     . - vector_irq_thread > 0x80
        .error  "the entry path is longer than its vector"
        .endif
.endm

irq_thread_lagging:
        catch_up irq_thread_acknowledged, irq_thread_restore

irq_thread_exit:
#ifndef PIVOT_BUG_EOI_ENABLED
        msr     daifset, #2             // before the priority drop, or the line nests on itself
#endif
        msr     spsel, #0
        ldp     x6, x0, [sp, #FRAME_SPL]
        irq_finish sp
#ifdef PIVOT_BUG_EOI_ENABLED
        msr     daifset, #2
#endif
        .globl  irq_thread_count        // where line_ends.S joins, its own end of interrupt done
irq_thread_count:
        add     w1, w1, #1
        str     w1, [x0, #CPU_LINES + LINE_COUNT]
        ldr     x3, [x18, #CPU_ATTENTION]
        stp     x6, x6, [x18, #CPU_SPL] // as it was when the interrupt came
        cbnz    x3, irq_thread_attention
irq_thread_leave:
        restore_state
irq_thread_restore:
        restore_and_return

/* Something waits: a bottom half, a thread switch, a line that was held off. x3 = attention, x6 =
 * SPL. */
irq_thread_attention:
        cbnz    x6, irq_thread_raised   // some of it may be held off
        cbz     w3, pivot_interrupt_to_bottom_half      // no line: the straight way (switch.S)
        .globl  irq_thread_general
irq_thread_general:
        bics    w4, w3, w6              // a line was held off and no longer is: lower the
        b.ne    irq_thread_lower        // mask before interrupts come, or frames pile up
irq_thread_lowered:
        orr     x1, x6, #SPL_SOFT       // no preemption while we look
        str     x1, [x18, #CPU_SPL]
        msr     daifclr, #0xf
        mov     x0, x6
        bl      pivot_attend_pass       // may run bottom halves and threads, and come back
        .globl  irq_thread_attended
irq_thread_attended:
        msr     daifset, #2
        ldr     x6, [sp, #FRAME_SPL]
        str     x6, [x18, #CPU_SPL]     // with interrupts masked: frames cannot pile up here
        ldr     x3, [x18, #CPU_ATTENTION]
        cbz     x3, irq_thread_leave
        b       irq_thread_attention
/* In assembly, for this is done with interrupts masked. Nobody else touches the marks meanwhile. */
irq_thread_lower:
        clz     w7, w6                  // as in catch_up
        mov     w8, #0xb0
        add     w8, w8, w7, lsl #1
        irq_mask_x8
        stp     x6, x6, [x18, #CPU_HARDWARE]
        and     w3, w3, w6              // the marks above the SPL are dealt with
        cbz     w6, 1f
        mov     w9, #24
        sub     w9, w9, w7
        mov     w10, #ATTENTION_MARK
        lsl     w10, w10, w9
        orr     w3, w3, w10             // still masked: whoever goes below must look
1:      str     w3, [x18, #CPU_ATTENTION]       // the hard levels' half
        b       irq_thread_lowered
irq_thread_raised:
        bics    x3, x3, x6
        b.ne    irq_thread_general
        b       irq_thread_leave        // all of it is held off

/* -------------------------------------------------------------------------------------------------
 * An interrupt of a top half: the same on the interrupt stack, and with a frame record for
 * backtraces.
 */

irq_nested_entry:
        save_caller_saved
        read_state irq_nested_lagging
        irq_acknowledge
irq_nested_acknowledged:
        begin_line
        ldr     x2, [x18, #CPU_NESTING]
        add     x2, x2, #1
        str     x2, [x18, #CPU_NESTING]
        add     x29, sp, #FRAME_X29     // {x29, x30} of the interrupted top half is a frame record
        msr     daifclr, #0xf
        blr     x3
        .globl  irq_nested_handled
irq_nested_handled:
#ifndef PIVOT_BUG_EOI_ENABLED
        msr     daifset, #2
#endif
        ldp     x6, x0, [sp, #FRAME_SPL]
        irq_finish sp
#ifdef PIVOT_BUG_EOI_ENABLED
        msr     daifset, #2
#endif
        .globl  irq_nested_count
irq_nested_count:
        add     w1, w1, #1
        str     w1, [x0, #CPU_LINES + LINE_COUNT]
        ldr     x2, [x18, #CPU_NESTING]
        sub     x2, x2, #1
        str     x2, [x18, #CPU_NESTING]
        stp     x6, x6, [x18, #CPU_SPL]
        ldr     x3, [x18, #CPU_ATTENTION]
        bics    x3, x3, x6              // only a line held off and uncovered since can be in here
        b.ne    irq_nested_attention
irq_nested_leave:
#ifdef PIVOT_BUG_SCRATCH_LOST
        mov     x9, #0
        str     x9, [sp, #72]           // x9 of the interrupted top half
#endif
        restore_state
irq_nested_restore:
        restore_and_return

irq_nested_attention:
        mov     x0, x6
        bl      pivot_attend_pass       // sets the controller's mask back; soft levels are covered
        .globl  irq_nested_attended
irq_nested_attended:
        ldr     x6, [sp, #FRAME_SPL]
        stp     x6, x6, [x18, #CPU_SPL]
        b       irq_nested_leave

irq_nested_lagging:
        catch_up irq_nested_acknowledged, irq_nested_restore

/* -------------------------------------------------------------------------------------------------
 * Everything else ends in a panic: a TrapFrame on the interrupt stack, then C++. x0, x1 and the
 * interrupted SP are in it already; x1 = the vector's index.
 */
fault_common:
        stp     x2, x3, [sp, #16]
        stp     x4, x5, [sp, #32]
        stp     x6, x7, [sp, #48]
        stp     x8, x9, [sp, #64]
        stp     x10, x11, [sp, #80]
        stp     x12, x13, [sp, #96]
        stp     x14, x15, [sp, #112]
        stp     x16, x17, [sp, #128]
        stp     x18, x19, [sp, #144]
        stp     x20, x21, [sp, #160]
        stp     x22, x23, [sp, #176]
        stp     x24, x25, [sp, #192]
        stp     x26, x27, [sp, #208]
        stp     x28, x29, [sp, #224]
        mrs     x2, elr_el1
        stp     x30, x2, [sp, #240]
        mrs     x3, spsr_el1
        mrs     x4, esr_el1
        stp     x3, x4, [sp, #FAULT_ELR + 8]
        mrs     x5, far_el1
        mrs     x6, sp_el0
        stp     x5, x6, [sp, #FAULT_FAR]
        str     x1, [sp, #FAULT_VECTOR]
        mov     x0, sp
        bl      pivot_fault

.macro fault_vector name, index
        .balign 0x80
\name:
        stp     x0, x1, [sp, #-FAULT_SIZE]!
        mrs     x0, sp_el0
        str     x0, [sp, #FAULT_SP]
        mov     x1, #\index
        b       fault_common
.endm

/* A fault taken on the interrupt stack may be that stack's own overflow: look before storing. */
.macro checked_fault_vector name, index
        .balign 0x80
\name:
        msr     tpidr_el0, x0           // free: there is no EL0
        msr     tpidrro_el0, x1
        mov     x1, #\index
        b       fault_on_interrupt_stack
.endm

fault_on_interrupt_stack:
        mov     x0, sp
        msr     tpidr_el1, x0
        add     x0, x18, #(CPU_INTERRUPT_STACK & 0xff000)
        ldr     x0, [x0, #(CPU_INTERRUPT_STACK & 0xfff)]
        sub     x0, sp, x0
        sub     x0, x0, #REPORT_BYTES
        lsr     x0, x0, #INTERRUPT_STACK_SHIFT  // 0: SP is within the stack and leaves room
        cbz     x0, 1f
        add     x0, x18, #(CPU_EMERGENCY_STACK & 0xff000)
        ldr     x0, [x0, #(CPU_EMERGENCY_STACK & 0xfff)]
        add     x0, x0, #EMERGENCY_STACK_BYTES
        mov     sp, x0                  // full, or (a fault of the report) not that stack at all
1:      sub     sp, sp, #FAULT_SIZE
        mrs     x0, tpidr_el1
        str     x0, [sp, #FAULT_SP]
        mrs     x0, tpidr_el0
        str     x0, [sp]
        mrs     x0, tpidrro_el0
        str     x0, [sp, #8]
        b       fault_common

/* -------------------------------------------------------------------------------------------------
 * The table (Arm ARM, D1.10.2). VBAR_EL1 needs 2 KiB alignment.
 */
        .subsection 0
        .globl  pivot_vectors
pivot_vectors:
        fault_vector         vector_sync_thread, 0
        .balign 0x80
        irq_thread_entry
        fault_vector         vector_fiq_thread, 2
        fault_vector         vector_serror_thread, 3
        checked_fault_vector vector_sync_interrupt, 4
        .balign 0x80
        .globl  vector_irq_nested
vector_irq_nested:
        b       irq_nested_entry
        checked_fault_vector vector_fiq_interrupt, 6
        checked_fault_vector vector_serror_interrupt, 7
        fault_vector         vector_sync_lower64, 8
        fault_vector         vector_irq_lower64, 9
        fault_vector         vector_fiq_lower64, 10
        fault_vector         vector_serror_lower64, 11
        fault_vector         vector_sync_lower32, 12
        fault_vector         vector_irq_lower32, 13
        fault_vector         vector_fiq_lower32, 14
        fault_vector         vector_serror_lower32, 15
        .balign 0x80
