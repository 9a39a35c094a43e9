// The CPUs: their structures by number, and which of them run.
//
// Who: both, any CPU. Lock order: none.
//
// CPU 0 is the one that boots; the others are numbered as the controller tells of them
// (kern/secondary.hpp). A CPU that is online stays online, so a set that has been read goes stale
// only by lacking somebody.
#pragma once

#include "kern/base/percpu.hpp"

extern "C" pivot::PerCpu pivot_percpu[pivot::kMaxCpus];  // the port's

namespace pivot {

// The CPU of that number; it must be below kMaxCpus.
[[nodiscard]] inline PerCpu& cpu_of(u32 id) { return pivot_percpu[id]; }

// A bit a CPU: those that take interrupts and run threads.
[[nodiscard]] u64 online_set();
// How many those are, and whether that CPU is one of them.
[[nodiscard]] u32 cpus_online();
[[nodiscard]] inline bool is_online(u32 id) { return (online_set() >> id & 1) != 0; }

// Boot: this CPU is one of them from now on. What it has stored by now is visible to whoever finds
// it in the set.
void join_online_set();

// None is, again: for tests, between two machines.
void reset_online_set();

// Calls `visit(PerCpu&)` for each CPU of a set, lowest number first.
template <typename Visit>
void for_each_cpu(u64 set, Visit&& visit) {
    for (; set != 0; set &= set - 1) {
        visit(cpu_of(static_cast<u32>(__builtin_ctzll(set))));
    }
}

}  // namespace pivot
