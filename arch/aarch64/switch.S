/* Thread switches: save the callee-saved registers, change stacks, load the other thread's.
 *
 * Both run on the thread's stack (SP_EL0) with the SPL at softserial or above, interrupts enabled. An
 * interrupt between any two instructions finds a valid stack and saves its frame there; that `current`
 * and SP disagree for an instruction does not matter to a top half, which asks for neither's owner. */

#include "frame.hpp"

        .section .text.switch, "ax"

.macro save_callee_saved
        stp     x29, x30, [sp, #-SWITCH_FRAME_SIZE]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
.endm

/* void pivot_switch_threads(Thread* from, Thread* to) */
        .globl  pivot_switch_threads
        .type   pivot_switch_threads, %function
pivot_switch_threads:
        save_callee_saved
        mov     x9, sp
        str     x9, [x0, #THREAD_SP]
pivot_resume:                           // x1 = the thread to go on with
        ldr     x9, [x1, #THREAD_SP]
        str     x1, [x18, #CPU_CURRENT]
        mov     sp, x9
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldp     x23, x24, [sp, #48]
        ldp     x25, x26, [sp, #64]
        ldp     x27, x28, [sp, #80]
        ldp     x29, x30, [sp], #SWITCH_FRAME_SIZE
        ret
        .size   pivot_switch_threads, . - pivot_switch_threads

/* void pivot_enter_bottom_half(Thread* bottom_half)
 *
 * The straight way in: the interrupted thread stays as it is (pinned: switchable, but in no queue), the
 * bottom half starts at the top of its stack, having no earlier state to load. If it never blocks it
 * comes back here by returning, and since C++ code preserves the callee-saved registers, only SP, x29
 * and x30 are restored. If it blocks, the scheduler switches to the pinned thread, which resumes at our
 * caller by the frame saved here. */
        .globl  pivot_enter_bottom_half
        .type   pivot_enter_bottom_half, %function
pivot_enter_bottom_half:
        ldr     x10, [x18, #CPU_CURRENT]
        save_callee_saved
        mov     x9, sp
        str     x9, [x10, #THREAD_SP]
        str     x10, [x0, #THREAD_PINNED]
        ldr     x11, [x0, #THREAD_STACK_TOP]
        str     x0, [x18, #CPU_CURRENT]
        mov     sp, x11
        bl      pivot_bottom_half_main  // x0 = the pinned thread, or null if it has gone on without us
        cbz     x0, 1f
        ldr     x9, [x0, #THREAD_SP]
        str     x0, [x18, #CPU_CURRENT]
        mov     sp, x9
        ldp     x29, x30, [sp], #SWITCH_FRAME_SIZE
        ret
1:      ldr     x0, [x18, #CPU_CURRENT]
        bl      pivot_bottom_half_retire
        .size   pivot_enter_bottom_half, . - pivot_enter_bottom_half

/* void pivot_switch_away(Thread* to): nothing of the running thread is kept. */
        .globl  pivot_switch_away
        .type   pivot_switch_away, %function
pivot_switch_away:
        mov     x1, x0
        b       pivot_resume
        .size   pivot_switch_away, . - pivot_switch_away

/* Where a thread that has never run comes out of the switch: x19 = itself, x20 = its entry. */
        .globl  pivot_thread_trampoline
pivot_thread_trampoline:
        mov     x29, xzr                // the backtrace ends here
        mov     x30, xzr
        mov     x0, x19
        br      x20
