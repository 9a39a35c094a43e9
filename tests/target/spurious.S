/* Enters the interrupt vectors though no interrupt has come: the case of a request that is
 * withdrawn between the exception and the acknowledge, which no device of QEMU can be made to
 * produce. What the hardware does on an exception is done by hand: interrupts masked, ELR and SPSR
 * set, PSTATE.SP = 1. */

        .text
        .globl  spurious_interrupt_of_thread
        .type   spurious_interrupt_of_thread, %function
spurious_interrupt_of_thread:
        mrs     x0, daif
        msr     daifset, #2
        add     x0, x0, #0x4            // EL1t: this thread, on SP_EL0
        b       1f
        .globl  spurious_interrupt_of_top_half
        .type   spurious_interrupt_of_top_half, %function
spurious_interrupt_of_top_half:
        mrs     x0, daif
        msr     daifset, #2
        add     x0, x0, #0x5            // EL1h: this top half, on SP_EL1
1:      adr     x1, 2f
        msr     elr_el1, x1
        msr     spsr_el1, x0
        tbz     x0, #0, 3f
        b       vector_irq_nested
3:      msr     spsel, #1
        b       vector_irq_thread
2:      ret                             // x30 has come back with the rest
