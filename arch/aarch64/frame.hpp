// Offsets that assembly and C++ share, each asserted against the C++ structure it describes.
//
// Who: vectors.S, switch.S, start.S, and the panic code. Lock order: none.
#pragma once

// PerCpu (kern/base/percpu.hpp)
#define CPU_SOFT_LAST 0
#define CPU_HELD 32
#define CPU_SPL 40
#define CPU_HARDWARE 48
#define CPU_MASK 56
#define CPU_ATTENTION 64
#define CPU_CURRENT 72
#define CPU_CONTROLLER 80
#define CPU_NESTING 88
#define CPU_SOFT_FIRST 96
#define CPU_BOTTOM_HALF 128
#define CPU_RUN 160
#define CPU_STANDBY 168
#define CPU_HELD_OFF_PC 192
#define CPU_HELD_OFF_SINCE 208
#define CPU_HELD_OFF 216
#define CPU_LINES 224
#define CPU_RESCHED 32992
#define CPU_INTERRUPT_STACK 33024
#define CPU_EMERGENCY_STACK 33032
#define CPU_SIZE 33152

// LineEntry
#define LINE_HANDLER 0
#define LINE_SPL 16
#define LINE_COUNT 24

// Thread (kern/thread.hpp)
#define THREAD_SP 0
#define THREAD_STACK_TOP 8
#define THREAD_BASE_SPL 16
#define THREAD_PINNED 24
#define THREAD_PINNED_SP 32
#define THREAD_MARK 40
#define THREAD_NEXT 56
#define THREAD_PRIORITY 64

// RunQueue (kern/sched.hpp); `occupied` is first
#define RUN_TAIL 8

// SoftCall (kern/base/percpu.hpp); `next` and `function` are its first two words
#define CALL_OWNER 16

// InterruptFrame: what entry saves on the stack of whoever was interrupted.
#define FRAME_X29 144
#define FRAME_ELR 160
#define FRAME_SPL 176
#define FRAME_IAR 192
#define FRAME_SIZE 208

// SwitchFrame: what a thread switch saves: x29, x30, x19..x28.
#define SWITCH_FRAME_SIZE 96

// What a traced kernel's switch saves beside it: x29, x30, x0..x15 (trace.S).
#define TRACE_FRAME_SIZE 144

// FaultFrame: everything, for a panic.
#define FAULT_ELR 248
#define FAULT_ESR 264
#define FAULT_FAR 272
#define FAULT_SP_EL0 280
#define FAULT_SP 288
#define FAULT_VECTOR 296
#define FAULT_SIZE 304

// Stacks that assembly sets up: guard page, then the stack (kern/base/stack.hpp). REPORT_BYTES is
// what a panic's report needs; with less left on the interrupt stack it goes to the emergency
// stack.
#define GUARD_BYTES 4096
#define INTERRUPT_STACK_SHIFT 14
#define INTERRUPT_STACK_BYTES (1 << INTERRUPT_STACK_SHIFT)
#define EMERGENCY_STACK_BYTES 4096
#define REPORT_BYTES 2048
#define BOOT_THREAD_STACK_BYTES 16384
#define IDLE_STACK_BYTES 8192

// The levels of spl/ipl.hpp that assembly needs.
#define SPL_SOFT 0xffffffff00000000
#define ATTENTION_MARK 0x80
#define ATTENTION_SOFTCLOCK 4

#ifndef __ASSEMBLER__

#include "kern/base/percpu.hpp"

namespace pivot {

// The caller-saved half of the registers; the other half belongs to whoever runs next and is saved
// by a thread switch alone (AAPCS64, 6.1.1).
struct InterruptFrame {
    u64 x[18];
    u64 x29, x30;
    u64 elr, spsr;
    u64 spl;
    u64 line;  // address of the LineEntry, less CPU_LINES
    u64 iar;   // GICv2: the acknowledge register's value, with an SGI's source CPU
    u64 unused;
};
static_assert(sizeof(InterruptFrame) == FRAME_SIZE);
static_assert(offsetof(InterruptFrame, x29) == FRAME_X29);
static_assert(offsetof(InterruptFrame, elr) == FRAME_ELR);
static_assert(offsetof(InterruptFrame, spl) == FRAME_SPL);
static_assert(offsetof(InterruptFrame, iar) == FRAME_IAR);

struct SwitchFrame {
    u64 x29, x30;
    u64 x19_to_x28[10];
};
static_assert(sizeof(SwitchFrame) == SWITCH_FRAME_SIZE);

struct TrapFrame {
    u64 x[31];
    u64 elr, spsr, esr, far;
    u64 sp_el0;
    u64 sp;      // of the code that the frame describes
    u64 vector;  // 0..15 in the table's order; kNoVector if there was no exception (capture.S)
};
inline constexpr u64 kNoVector = ~u64{0};
// Linked by its base class, a call is no standard-layout type; both compilers lay it out as the
// declarations say all the same.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Winvalid-offsetof"
static_assert(alignof(SoftCall) == 16 && offsetof(SoftCall, function) == 8);  // a pair, with `next`
static_assert(offsetof(SoftCall, owner) == CALL_OWNER);
static_assert(offsetof(SoftCall, usual) == CALL_OWNER + 8);
#pragma GCC diagnostic pop

static_assert(sizeof(TrapFrame) == FAULT_SIZE);
static_assert(offsetof(TrapFrame, elr) == FAULT_ELR);
static_assert(offsetof(TrapFrame, esr) == FAULT_ESR);
static_assert(offsetof(TrapFrame, far) == FAULT_FAR);
static_assert(offsetof(TrapFrame, sp_el0) == FAULT_SP_EL0);
static_assert(offsetof(TrapFrame, sp) == FAULT_SP);
static_assert(offsetof(TrapFrame, vector) == FAULT_VECTOR);

static_assert(kInterruptStackSize == INTERRUPT_STACK_BYTES);
static_assert(kBootThreadStackSize == BOOT_THREAD_STACK_BYTES);
static_assert(kIdleStackSize == IDLE_STACK_BYTES);
static_assert(kMark == ATTENTION_MARK);
static_assert(offsetof(PerCpu, held) == CPU_HELD);
static_assert(offsetof(PerCpu, spl) == CPU_SPL);
static_assert(offsetof(PerCpu, hardware) == CPU_HARDWARE);
static_assert(offsetof(PerCpu, attention) == CPU_ATTENTION);
static_assert(offsetof(PerCpu, current) == CPU_CURRENT);
static_assert(offsetof(PerCpu, mask) == CPU_MASK);
static_assert(offsetof(PerCpu, controller) == CPU_CONTROLLER);
static_assert(offsetof(PerCpu, nesting) == CPU_NESTING);
static_assert(offsetof(PerCpu, soft_first) == CPU_SOFT_FIRST);
static_assert(offsetof(PerCpu, soft_last) == CPU_SOFT_LAST);
static_assert(offsetof(PerCpu, bottom_half) == CPU_BOTTOM_HALF);
static_assert(offsetof(PerCpu, run) == CPU_RUN);
static_assert(offsetof(PerCpu, standby) == CPU_STANDBY);
static_assert(offsetof(PerCpu, threshold) == CPU_STANDBY + 8);
static_assert(offsetof(PerCpu, held_off_pc) == CPU_HELD_OFF_PC);
static_assert(offsetof(PerCpu, held_off_by) == CPU_HELD_OFF_PC + 8);
static_assert(offsetof(PerCpu, held_off_since) == CPU_HELD_OFF_SINCE);
static_assert(offsetof(PerCpu, held_off) == CPU_HELD_OFF);
static_assert(CPU_HELD_OFF == CPU_HELD_OFF_SINCE + 8);
static_assert(offsetof(PerCpu, lines) == CPU_LINES);
static_assert(offsetof(PerCpu, resched) == CPU_RESCHED);
static_assert(offsetof(PerCpu, interrupt_stack) == CPU_INTERRUPT_STACK);
static_assert(offsetof(PerCpu, emergency_stack) == CPU_EMERGENCY_STACK);
static_assert(sizeof(PerCpu) == CPU_SIZE);
static_assert(offsetof(LineEntry, handler) == LINE_HANDLER);
static_assert(offsetof(LineEntry, spl) == LINE_SPL);
static_assert(offsetof(LineEntry, count) == LINE_COUNT);

}  // namespace pivot

#endif
