// What a CPU port tells a panic: the state at the place in question, in words and figures.
//
// Who: kern/panic.cpp alone, interrupts masked. Lock order: none.
// Nothing here may fault on a state that is broken: pointers found in registers and on stacks are
// followed only within a stack that the image has defined.
#pragma once

#include "kern/base/percpu.hpp"

namespace pivot {

// The registers at an exception or at a call of panic(). The port's own (frame.hpp).
struct TrapFrame;

// How the code at an address of a backtrace got there.
enum class FrameKind : u8 {
    current,      // the instruction that the report is about
    caller,       // a return address
    interrupted,  // an interrupt was taken here; the frames before it are its top half's
};
// False: no more, please.
using FrameVisitor = bool (*)(void* state, uptr pc, FrameKind kind);

// The registers of the code that called the function `capture` is called from. One place a CPU.
[[nodiscard, gnu::noinline]] TrapFrame const& capture_registers();

// Calls `visit` from the newest frame to the oldest, through interrupts; a bounded number of times.
// `cpu` is the one whose registers the frame holds; it is this one, or it has stopped.
void for_each_frame(PerCpu const& cpu, TrapFrame const& frame, FrameVisitor visit, void* state);

// The SPL of the code that the newest interrupt in the frame's history has interrupted.
[[nodiscard]] u64 interrupted_spl(PerCpu const& cpu, TrapFrame const& frame);

// Was it a top half (or an exception within one)?
[[nodiscard]] bool is_top_half(TrapFrame const& frame);

// The bottom of the stack whose guard page the exception ran into, or 0.
[[nodiscard]] uptr guard_hit(TrapFrame const& frame);
// The name of a stack that belongs to no thread, or null.
[[nodiscard]] const char* port_stack_name(uptr bottom);

// What happened, in words, such as "write to read-only memory".
[[nodiscard]] const char* fault_words(TrapFrame const& frame);
// The same as the hardware says it: class, status, address, vector. One line.
void print_fault(TrapFrame const& frame);
// All registers of the frame, in several lines.
void print_registers(TrapFrame const& frame);

}  // namespace pivot
