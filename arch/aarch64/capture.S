/* void pivot_capture(TrapFrame* out): the registers as they are in the caller, for a panic that no
 * exception led to. C++ has used the caller-saved ones on the way here. */

#include "frame.hpp"

        .section .text.capture, "ax"
        .globl  pivot_capture
        .type   pivot_capture, %function
pivot_capture:
        stp     x0, x1, [x0]
        stp     x2, x3, [x0, #16]
        stp     x4, x5, [x0, #32]
        stp     x6, x7, [x0, #48]
        stp     x8, x9, [x0, #64]
        stp     x10, x11, [x0, #80]
        stp     x12, x13, [x0, #96]
        stp     x14, x15, [x0, #112]
        stp     x16, x17, [x0, #128]
        stp     x18, x19, [x0, #144]
        stp     x20, x21, [x0, #160]
        stp     x22, x23, [x0, #176]
        stp     x24, x25, [x0, #192]
        stp     x26, x27, [x0, #208]
        stp     x28, x29, [x0, #224]
        stp     x30, x30, [x0, #240]            // ELR: where the caller goes on
        mrs     x1, spsel
        mrs     x2, daif
        orr     x2, x2, x1
        orr     x2, x2, #4                      // an SPSR as if taken here: DAIF, EL1t or EL1h
        stp     x2, xzr, [x0, #FAULT_ELR + 8]
        mov     x3, sp
        mov     x4, sp
        cbz     x1, 1f
        mrs     x4, sp_el0                      // undefined where SP_EL0 is the stack in use
1:      stp     xzr, x4, [x0, #FAULT_FAR]
        mov     x5, #-1
        stp     x3, x5, [x0, #FAULT_SP]         // kNoVector
        ret
        .size   pivot_capture, . - pivot_capture
