/* The lines whose interrupt exit does not end as it ends all others: their entries in the line
 * table have a "handler" that sees to that by itself, so that exit need not ask.
 *
 * Both are called by entry as top halves are: x0 = token, x1 = argument, x30 = irq_thread_handled
 * or irq_nested_handled, on the interrupt stack. They go on at irq_*_count, behind the end of
 * interrupt, with what exit has loaded by then (vectors.S): x0 = line, w1 = its count, x6 = the SPL
 * of old. */

#include "frame.hpp"
#include "gic_cpu_interface.h"

        .section .text.line_ends, "ax"

/* Branches away if it was a top half that was interrupted; else SP is the thread's, where the frame
 * lies. Interrupts are masked as late as exit does it: as few instructions before the end. */
.macro leave_top_half nested
        adrp    x3, irq_thread_handled
        add     x3, x3, :lo12:irq_thread_handled
        cmp     x30, x3
        b.ne    \nested
        msr     daifset, #2
        msr     spsel, #0
.endm

/* Of the special INTIDs, 1020-1023: there was nothing to acknowledge, so nothing may be ended. */
        .globl  pivot_irq_special
        .type   pivot_irq_special, %function
pivot_irq_special:
        leave_top_half 1f
        ldp     x6, x0, [sp, #FRAME_SPL]
        ldr     w1, [x0, #CPU_LINES + LINE_COUNT]
        b       irq_thread_count
1:      msr     daifset, #2
        ldp     x6, x0, [sp, #FRAME_SPL]
        ldr     w1, [x0, #CPU_LINES + LINE_COUNT]
        b       irq_nested_count
        .size   pivot_irq_special, . - pivot_irq_special

/* Of a line that may stay active (x1 = its HoldingCall). Returns like a top half if the line is to
 * be deactivated; if not, drops the priority alone. */
        .globl  pivot_irq_holding
        .type   pivot_irq_holding, %function
pivot_irq_holding:
        stp     x29, x30, [sp, #-16]!
        mov     x29, sp                 // a frame record: backtraces pass through here
        ldp     x3, x1, [x1]            // function, argument
        blr     x3
        ldp     x29, x30, [sp], #16
        cbnz    x0, 1f
        ret
1:      leave_top_half 2f
        ldp     x6, x0, [sp, #FRAME_SPL]
        irq_drop sp
        b       irq_thread_count
2:      msr     daifset, #2
        ldp     x6, x0, [sp, #FRAME_SPL]
        irq_drop sp
        b       irq_nested_count
        .size   pivot_irq_holding, . - pivot_irq_holding
