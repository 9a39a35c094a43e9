// What a panic prints of a CPU.
//
// Who: kern/panic*.cpp, with every other CPU stopped. Lock order: none; takes no lock.
#pragma once

#include "arch/contract/panic.hpp"
#include "kern/base/percpu.hpp"

namespace pivot {

// An access to a guard page: the overflow of that stack if it is the one in use.
void print_guard_hit(TrapFrame const& frame, uptr bottom);

// All of a backtrace.
void print_backtrace(PerCpu const& cpu, TrapFrame const& frame);
// A few lines of what an interrupt has met: the backtrace from where it was taken.
void print_interrupted(PerCpu const& cpu, TrapFrame const& frame);

// Its number, SPL and interrupt depth, and what else is to be said of it ; its thread;
// its spin mutexes.
struct CpuState {
    u64 spl;
    u64 depth;
    const char* what = "";
    const char* detail = "";
};
void print_cpu(PerCpu const& cpu, CpuState const& state);

}  // namespace pivot
