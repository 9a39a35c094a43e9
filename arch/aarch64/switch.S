/* Thread switches and the bottom halves' drain loop.
 *
 * All run on a thread's stack (SP_EL0) with the SPL at softserial or above, interrupts enabled but
 * for one stretch. An interrupt between any two instructions finds a valid stack and saves its
 * frame there; that `current` and SP disagree for an instruction does not matter to a top half,
 * which asks neither. */

#include "frame.hpp"

        .section .text.switch, "ax"

/* In a traced kernel: this thread is current from here on. */
.macro trace_current thread
#ifdef PIVOT_TRACED
        mov     x16, \thread
        bl      pivot_trace_switch
#endif
.endm

.macro save_callee_saved                /* AAPCS64's callee-saved half: a SwitchFrame */
        stp     x29, x30, [sp, #-SWITCH_FRAME_SIZE]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
.endm

.macro go_on_with_x0                    /* the thread whose SwitchFrame is below its SP */
        trace_current x0
        ldr     x9, [x0, #THREAD_SP]
        str     x0, [x18, #CPU_CURRENT]
        mov     sp, x9
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #SWITCH_FRAME_SIZE
        ret
.endm

/* void pivot_switch_threads(Thread* to, Thread* from) */
        .globl  pivot_switch_threads
        .type   pivot_switch_threads, %function
pivot_switch_threads:
        save_callee_saved
        mov     x9, sp
        str     x9, [x1, #THREAD_SP]
resume: go_on_with_x0
        .size   pivot_switch_threads, . - pivot_switch_threads

/* -------------------------------------------------------------------------------------------------
 * Bottom halves. The straight way in: the interrupted thread stays as it is (pinned: switchable by
 * its SwitchFrame, but in no queue), the bottom half starts at the top of its stack and has no
 * earlier state to load. If it never blocks, it goes back by restoring SP and the registers that
 * this loop uses, for the C++ code that it called has preserved the others. If it blocks, the
 * scheduler switches to the pinned thread, which goes on where its SwitchFrame says.
 *
 * The drain loop is here, and not in C++, because it *is* the latency from interrupt to bottom
 * half: a compiled one cost 12 instructions more for registers that are saved already.
 *
 * x19 = PerCpu + 8 * slot            x20 = the continuation that runs    x22 = the one after it
 * x21 = the last of those taken      x23 = twice the rounds after the first, and bit 0 clear: an
 *                                          interrupt of a thread at SPL none brought us
 */

.macro onto_bottom_half                 /* x0 = the bottom half; leaves its SPL in x12 */
        trace_current x0
        mov     x9, sp
        ldr     x10, [x18, #CPU_CURRENT]
        stp     x10, x9, [x0, #THREAD_PINNED]
        ldp     x11, x12, [x0, #THREAD_STACK_TOP]
        str     x0, [x18, #CPU_CURRENT]
        mov     sp, x11
.endm

/* void pivot_enter_bottom_half(u64 slot): from splx, or from an interrupt of code with a raised
 * SPL. The caller has seen that the slot has a bottom half and work. */
        .globl  pivot_enter_bottom_half
        .type   pivot_enter_bottom_half, %function
pivot_enter_bottom_half:
        save_callee_saved
        add     x19, x18, x0, lsl #3
        ldr     x0, [x19, #CPU_BOTTOM_HALF]
        ldr     x20, [x19, #CPU_SOFT_FIRST]
        mov     x23, #1                 // the caller knows whether a thread switch may follow
        onto_bottom_half
lower:  str     x12, [x18, #CPU_SPL]    // a higher level may have been marked meanwhile
        ldr     x3, [x18, #CPU_ATTENTION]
        bics    xzr, x3, x12
        b.eq    1f
        mov     x0, x12
        bl      pivot_attend
1:      ldr     x0, [x18, #CPU_CURRENT]
        b       take_all

/* From interrupt exit (vectors.S): interrupts masked, the InterruptFrame at sp, x3 = attention, the
 * interrupted thread at SPL none. Falls back to the general way if the bottom half is not at
 * home. */
        .globl  pivot_interrupt_to_bottom_half
pivot_interrupt_to_bottom_half:
        adr     x30, irq_thread_attended // where the interrupted thread goes on
        save_callee_saved
        clz     x4, x3                  // 8 * slot of the highest level that waits
        add     x19, x18, x4
        ldr     x0, [x19, #CPU_BOTTOM_HALF]
        ldr     x20, [x19, #CPU_SOFT_FIRST]
        cbz     x0, not_straight        // blocked: it will find the work itself
        cbz     x20, not_straight       // only a mark: a thread switch
        mov     x23, #0
        onto_bottom_half
#ifdef PIVOT_BUG_DRAIN_SPL
        orr     x12, x12, #SPL_SOFT     // higher bottom halves wait for this one
#endif
        str     x12, [x18, #CPU_SPL]    // its level: higher bottom halves may interrupt this one
        msr     daifclr, #0xf           // D, A and F, too: the exception masked all four
take_all:
        str     xzr, [x19, #CPU_SOFT_FIRST]     // first, or a push in between would be overwritten
        add     x1, x19, #CPU_SOFT_FIRST
1:      ldaxr   x21, [x19]              // CPU_SOFT_LAST is 0
        stlxr   w3, x1, [x19]           // the queue is empty again; x20..x21 is ours
        cbnz    w3, 1b
run_one:
        ldp     x1, x4, [x20, #CALL_OWNER]      // and its usual function, which lies beside it
1:      ldaxp   x22, x2, [x20]          // what it is to call now: a cancel has changed that
        stlxp   w3, xzr, x4, [x20]      // from here on it may be scheduled again, as usual
        cbnz    w3, 1b
        blr     x2                      // x0 = the token: a thread's address stands for it
        .globl  bottom_half_called      // a return address that the backtrace knows
bottom_half_called:
        cmp     x20, x21
        ldr     x0, [x18, #CPU_CURRENT]
        b.ne    run_next

        ldp     x5, x4, [x0, #THREAD_MARK]      // and SPL_SOFT, which lies beside it
        str     x4, [x18, #CPU_SPL]     // nobody comes between the next two and the way out
        strb    wzr, [x5]               // clear this level's mark, then look
        ldr     x20, [x19, #CPU_SOFT_FIRST]
        cbnz    x20, more
        ldp     x1, x2, [x0, #THREAD_PINNED]
        cbz     x1, retire
        ldr     x0, [x18, #CPU_STANDBY]
        cbnz    x0, preempt
back:   add     x3, x18, #(CPU_RESCHED & 0xff000)
        ldr     w3, [x3, #(CPU_RESCHED & 0xfff)]
        cbnz    w3, look_again
1:      mov     sp, x2
        str     x1, [x18, #CPU_CURRENT]
        trace_current x1
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldr     x23, [sp, #48]
        ldp     x29, x30, [sp], #SWITCH_FRAME_SIZE
        ret

/* A continuation has asked the scheduler for something. If this is softclock, clearing its mark has
 * cleared the scheduler's, for they share a byte: whoever we go back to must look. */
look_again:
        mov     w3, #ATTENTION_MARK
        strb    w3, [x18, #(CPU_ATTENTION + ATTENTION_SOFTCLOCK)]
        b       1b
run_next:
        mov     x20, x22
        b       run_one
more:   add     x23, x23, #2            // one more round
        lsr     x0, x23, #1
        bl      pivot_bottom_half_more  // may give the CPU away, if it has been ours for too long
        mov     x12, x0                 // this level's SPL
        b       lower
retire: ldr     x0, [x18, #CPU_CURRENT]
        bl      pivot_bottom_half_retire
        b       resume

/* What it woke outranks the interrupted thread, x1: that goes to the head of its priority's run
 * queue (kern/sched.hpp: RunQueue::add_first), and x0, the standby thread, runs. */
preempt:
        tbnz    x23, #0, back           // not ours to decide
        str     x2, [x1, #THREAD_SP]
        ldr     w6, [x1, #THREAD_PRIORITY]
        ldr     x2, [x18, #CPU_RUN]
        add     x5, x2, x6, lsl #3
        ldr     x7, [x5, #RUN_TAIL]
        cbnz    x7, preempt_slowly      // others of its priority wait, or it must not be queued
        str     x1, [x1, #THREAD_NEXT]  // a circle of one
        mov     x4, #1
        str     x1, [x5, #RUN_TAIL]
        ldr     x7, [x2]                // RunQueue::occupied
        lsl     x4, x4, x6
        orr     x7, x7, x4
        str     x7, [x2]
        str     xzr, [x18, #CPU_STANDBY]
        go_on_with_x0
preempt_slowly:
        mov     x0, x1
        bl      pivot_preempt_pinned
        b       resume

not_straight:
        ldp     x19, x20, [sp, #16]
        add     sp, sp, #SWITCH_FRAME_SIZE
        b       irq_thread_general
        .size   pivot_enter_bottom_half, . - pivot_enter_bottom_half

/* Where a thread that has never run comes out of the switch: x19 = itself, x20 = its entry. */
        .globl  pivot_thread_trampoline
pivot_thread_trampoline:
        mov     x29, xzr                // the backtrace ends here
        mov     x30, xzr
        mov     x0, x19
        br      x20
