/* The GIC's CPU interface as assembly sees it: system registers (GICv3) or device memory (GICv2).
 *
 * Who: vectors.S. The board chooses by PIVOT_GIC. The rest of the controller is arch/dev/gicv*.
 * GICv3: IHI 0069H, 12.2. GICv2: IHI 0048B, 4.4. */
#pragma once

/* Assemblers of the field's age do not know the ICC_* names. */
#define ICC_PMR_EL1 S3_0_C4_C6_0
#define ICC_DIR_EL1 S3_0_C12_C11_1
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1

#define GICC_PMR 0x004
#define GICC_IAR 0x00c
#define GICC_EOIR 0x010
#define GICC_DIR 0x1000

/* An INTID from here on is none: 1023 is "nothing to acknowledge". */
#define INTID_SPECIAL 1020

/* A label that tells the instruction-mix tool that this load or store goes to a device. */
.macro device_access
dev_access.\@:
.endm

#if PIVOT_GIC == 3

/* x2 = INTID. With interrupts masked a read of IAR is self-synchronising (12.2.14), so no barrier
 * stands between it and the unmasking. */
.macro irq_acknowledge
        mrs     x2, ICC_IAR1_EL1
.endm
/* What irq_finish will need is in the LineEntry already. */
.macro irq_remember frame
.endm
/* x0 = line. Priority drop, then deactivation (EOImode 1). Leaves the line's count in w1. */
.macro irq_finish frame
        ldp     w1, w2, [x0, #CPU_LINES + LINE_COUNT]
        msr     ICC_EOIR1_EL1, x2       // the running priority falls back
        msr     ICC_DIR_EL1, x2         // the line may become pending-and-taken again
.endm
/* The same without the deactivation: the line stays active. */
.macro irq_drop frame
        ldp     w1, w2, [x0, #CPU_LINES + LINE_COUNT]
        msr     ICC_EOIR1_EL1, x2
.endm
/* x8 = priority mask. Writes are self-synchronising (12.2.21): nothing below is taken after it. */
.macro irq_mask_x8
        msr     ICC_PMR_EL1, x8
.endm

#elif PIVOT_GIC == 2

.macro irq_acknowledge
        ldr     x8, [x18, #CPU_CONTROLLER]
        device_access
        ldr     w9, [x8, #GICC_IAR]
        and     x2, x9, #0x3ff          // bits 12..10 name an SGI's sender
.endm
.macro irq_remember frame
        str     x9, [\frame, #FRAME_IAR]
.endm
.macro irq_finish frame
        ldr     x3, [x18, #CPU_CONTROLLER]
        ldr     x2, [\frame, #FRAME_IAR] // with the sender: EOIR must be given IAR's value
        ldr     w1, [x0, #CPU_LINES + LINE_COUNT]
        device_access
        str     w2, [x3, #GICC_EOIR]
        device_access
        str     w2, [x3, #GICC_DIR]
.endm
.macro irq_drop frame
        ldr     x3, [x18, #CPU_CONTROLLER]
        ldr     x2, [\frame, #FRAME_IAR]
        ldr     w1, [x0, #CPU_LINES + LINE_COUNT]
        device_access
        str     w2, [x3, #GICC_EOIR]
.endm
.macro irq_mask_x8
        ldr     x10, [x18, #CPU_CONTROLLER]
        device_access
        str     w8, [x10, #GICC_PMR]
        device_access
        ldr     w10, [x10, #GICC_PMR]   // the mask is in force once this has been answered
.endm

#else
#error "PIVOT_GIC must be 2 or 3"
#endif
