/* u64 fill_and_compare(u64 seed, u64 flags, u64 rounds)
 *
 * Fills every register that interrupt entry saves, and the flags, waits in a row of NOPs to be
 * interrupted, and compares. Returns the OR of all differences: 0 if everything survived.
 * x19 = seed, x20 = flags, x21 = differences, x22 = rounds left; x23 is scratch. */

        .text
        .globl  fill_and_compare
        .globl  fill_and_compare_end
        .type   fill_and_compare, %function

.macro for_all_caller_saved op:vararg
        .irp    n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,29,30
        \op     \n
        .endr
.endm
.macro fill n
        add     x\n, x19, #(\n + 1)     // no two alike
.endm
.macro compare n
        sub     x\n, x\n, #(\n + 1)
        eor     x\n, x\n, x19
        orr     x21, x21, x\n
.endm

fill_and_compare:
        stp     x29, x30, [sp, #-64]!
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        str     x23, [sp, #48]
        mov     x19, x0
        mov     x20, x1
        mov     x21, #0
        mov     x22, x2
1:      for_all_caller_saved fill
        msr     nzcv, x20
        .rept   16
        nop
        .endr
        mrs     x23, nzcv
        eor     x23, x23, x20
        orr     x21, x21, x23
        for_all_caller_saved compare
        subs    x22, x22, #1
        b.ne    1b
        mov     x0, x21
        ldp     x19, x20, [sp, #16]
        ldp     x21, x22, [sp, #32]
        ldr     x23, [sp, #48]
        ldp     x29, x30, [sp], #64
fill_and_compare_end:
        ret
        .size   fill_and_compare, . - fill_and_compare
