/* The flavour `traced`: what switch.S calls where another thread becomes current. x16 = the thread;
 * everything but x16, x17, x30 and the flags is kept, for those who call it have no C++ frame. */
#include "frame.hpp"

        .section .text.trace, "ax"
        .globl  pivot_trace_switch
        .type   pivot_trace_switch, %function
pivot_trace_switch:
        stp     x29, x30, [sp, #-TRACE_FRAME_SIZE]!
        mov     x29, sp                 // a frame record: backtraces pass through here
        stp     x0, x1, [sp, #16]
        stp     x2, x3, [sp, #32]
        stp     x4, x5, [sp, #48]
        stp     x6, x7, [sp, #64]
        stp     x8, x9, [sp, #80]
        stp     x10, x11, [sp, #96]
        stp     x12, x13, [sp, #112]
        stp     x14, x15, [sp, #128]
        mov     x0, x16
        bl      pivot_trace_current
        ldp     x0, x1, [sp, #16]
        ldp     x2, x3, [sp, #32]
        ldp     x4, x5, [sp, #48]
        ldp     x6, x7, [sp, #64]
        ldp     x8, x9, [sp, #80]
        ldp     x10, x11, [sp, #96]
        ldp     x12, x13, [sp, #112]
        ldp     x14, x15, [sp, #128]
        ldp     x29, x30, [sp], #TRACE_FRAME_SIZE
        ret
        .size   pivot_trace_switch, . - pivot_trace_switch
