// The build's fixed sizes and switches. Memory is bounded at link time, so every limit is here.
// Who: anyone. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// CPUs that the build has room for: structures and stacks are laid out for this many. A machine
// with more runs on the first ones, and says so. The build sets it: 8 is what a GICv2 can have.
#ifndef PIVOT_MAX_CPUS
#error "the build defines PIVOT_MAX_CPUS"
#endif
inline constexpr u32 kMaxCpus = PIVOT_MAX_CPUS;
static_assert(kMaxCpus >= 1 && kMaxCpus <= 64, "sets of CPUs are kept in 64 bits");

// Entries of a CPU's line table: every INTID the GIC can return from an acknowledge while LPIs are
// off, the special INTIDs 1020-1023 included, so that dispatch needs no bounds check (GICv3, IHI
// 0069, 2.2).
inline constexpr u32 kLineTableSize = 1024;

// Ordinary thread priorities, 0 (idle) to 31 (highest); the bottom halves' levels lie above them.
inline constexpr u32 kThreadPriorities = 32;

// Bytes of each CPU's interrupt stack: one frame a level, and the top halves' own use.
inline constexpr usize kInterruptStackSize = 16384;

// Bytes of the stack of the thread that boots and then runs the shell, a test or the benchmark.
inline constexpr usize kBootThreadStackSize = 16384;

// Bytes of each idle thread's stack. An interrupt's frame and the straight way into a bottom half
// are all that is put on it.
inline constexpr usize kIdleStackSize = 8192;

#ifdef PIVOT_CHECKED
inline constexpr bool kChecked = true;
#else
// Whether the build is checked: PIVOT_ASSERT and the checkers of locks and guards are in it.
inline constexpr bool kChecked = false;
#endif

// Events are recorded (kern/trace/trace.hpp).
#ifdef PIVOT_TRACED
inline constexpr bool kTraced = true;
#else
inline constexpr bool kTraced = false;
#endif

// The seeded bugs: each is a defect that some kernel shipped, put back on purpose by
// -DPIVOT_BUG=<name>, so that the test which guards against it can be seen to fail (docs/bugs.md).
#ifdef PIVOT_BUG_SPLX_RACE
inline constexpr bool kBugSplxRace = true;
#else
inline constexpr bool kBugSplxRace = false;
#endif
#ifdef PIVOT_BUG_DOUBLE_QUEUE
inline constexpr bool kBugDoubleQueue = true;
#else
inline constexpr bool kBugDoubleQueue = false;
#endif
#ifdef PIVOT_BUG_CANCEL_LOST
inline constexpr bool kBugCancelLost = true;
#else
inline constexpr bool kBugCancelLost = false;
#endif
#ifdef PIVOT_BUG_UART_OVERRUN
inline constexpr bool kBugUartOverrun = true;
#else
inline constexpr bool kBugUartOverrun = false;
#endif
#ifdef PIVOT_BUG_EARLY_DEACTIVATION
inline constexpr bool kBugEarlyDeactivation = true;
#else
inline constexpr bool kBugEarlyDeactivation = false;
#endif
#ifdef PIVOT_BUG_NOTHING_LENT
inline constexpr bool kBugNothingLent = true;
#else
inline constexpr bool kBugNothingLent = false;
#endif
#ifdef PIVOT_BUG_SYSTEM_SPL_HERE
inline constexpr bool kBugSystemSplHere = true;
#else
inline constexpr bool kBugSystemSplHere = false;
#endif
// No defect but for the benchmark: an instruction more in the lock of an adaptive mutex.
#ifdef PIVOT_BUG_ONE_MORE
inline constexpr bool kBugOneMore = true;
#else
inline constexpr bool kBugOneMore = false;
#endif
// Defects again, where a controller has no priorities (arch/dev/line_masks.hpp).
#ifdef PIVOT_BUG_REPLAY_FORGETS
inline constexpr bool kBugReplayForgets = true;
#else
inline constexpr bool kBugReplayForgets = false;
#endif
#ifdef PIVOT_BUG_REPLAY_LOWEST_FIRST
inline constexpr bool kBugReplayLowestFirst = true;
#else
inline constexpr bool kBugReplayLowestFirst = false;
#endif
#ifdef PIVOT_BUG_MASK_NOT_LOOKED_AT
inline constexpr bool kBugMaskNotLookedAt = true;
#else
inline constexpr bool kBugMaskNotLookedAt = false;
#endif

}  // namespace pivot
