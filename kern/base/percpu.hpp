// One structure a CPU: everything that the interrupt path touches, and nothing that is shared.
//
// Who: both, each for its own CPU only (arch/contract/cpu.hpp: this_cpu()).
// Lock order: none. A field is changed only by its CPU; what a top half may change under a thread's
// feet is volatile and is changed by single stores, never by read-modify-write from both sides.
//
// An SPL is kept as a *thermometer*, a byte a level (spl/ipl.hpp has the layout): a level's set
// holds every lower level's bytes. Three things follow.
//  - Raising to the higher of two levels is one ORR with an immediate, no compare.
//  - Whether an SPL holds a level off, or what it does not hold off, is one BICS.
//  - `attention` has the same bytes, so anyone marks a level with one byte store, without
//    exclusives, and one 64-bit test answers "does anything that this SPL lets through wait?".
#pragma once

#include "kern/base/config.hpp"
#include "kern/base/types.hpp"

namespace pivot {

class Thread;
class SpinMutexBase;
struct RunQueue;

// An interrupt's place in a CPU's dispatch table: what entry must load, in one 32-byte record.
// vectors.S reads it by offset (frame.hpp).
struct LineEntry {
    void (*handler)(void* token, void* argument);  // the top half, or what stands before it
    void* argument;                                // what it is called with
    u64 spl;                                       // the thermometer of the line's IPL
    u32 count;                                     // times the top half has run on this CPU
    u32 number;  // INTID, written back to the controller when the top half is done
};
static_assert(sizeof(LineEntry) == 32);

// A top half that says whether its line is to stay active: not 0, it is. The entry of such a line
// has pivot_irq_holding (arch/contract/cpu.hpp) as its handler and one of these as its argument.
struct HoldingCall {
    u64 (*function)(void* token, void* argument);  // the top half, or what stands before it
    void* argument;                                // what it is called with
};

// A link of an intrusive queue. `next` is null when the object is in no queue.
struct Link {
    Link* next;  // the one behind it; of the last one a value that is no address, and not null
};

// What a bottom half runs: `function` with the thread's token and `owner`. The port's drain loop
// calls it (arch/contract/cpu.hpp: enter_bottom_half); intr/continuation.hpp gives it types.
struct QueuedCall : Link {
    void (*function)(const void* token, void* owner);  // what runs
    void* owner;                                       // what it is called with, after the token
};

// What a bottom half's queue holds. Queued, `function` is what the coming run calls: the usual one,
// or one that does nothing, if the run was cancelled. Letting it go makes it the usual one again,
// in one step with clearing the link, so the two are an aligned pair.
struct alignas(16) SoftCall : QueuedCall {
    void (*usual)(const void* token, void* owner);  // what `function` is if not cancelled
};

// The soft levels' queues and threads are kept by *slot*, highest level first, so that counting the
// leading zeros of `attention` finds one: 0 softserial, 1 softnet, 2 softbio, 3 softclock.
inline constexpr u32 kSoftLevels = 4;

// What a byte of `attention` is set to: its top bit, so that CLZ gives a multiple of 8.
inline constexpr u8 kMark = 0x80;

// What one CPU keeps. Once it runs, other CPUs write `calls` and `lines` alone.
struct alignas(64) PerCpu {
    Link* soft_last[kSoftLevels];  // by slot: the last one queued; soft_first's link if none
    // The order of the next fields is what lets vectors.S and SpinMutex move two with one LDP/STP.
    SpinMutexBase* held;               // the spin mutex taken last and not yet released
    volatile u64 spl;                  // this CPU's SPL
    volatile u64 hardware;             // what the controller holds off: mask or running priority
    volatile u64 mask;                 // what the controller's priority mask was last set to
    volatile u64 attention;            // a byte a level (spl/ipl.hpp): not 0, something waits there
    Thread* current;                   // the thread that runs, or was interrupted in place
    uptr controller;                   // GICv2: the CPU interface; GICv3: its redistributor
    u64 nesting;                       // top halves interrupted by another top half
    Link soft_first[kSoftLevels];      // by slot: `next` is the first continuation queued
    Thread* bottom_half[kSoftLevels];  // by slot: who runs them; null while that thread is blocked
    RunQueue* run;                     // its ready threads, but for the running one and `standby`
    // Read and written together, like `held` and `spl`.
    Thread* standby;  // ready, outranks the running thread, in no queue: runs next
    u64 threshold;    // the priority that a thread must exceed to run at once
    u32 id;           // its number, from 0
    // Where entry last left an interrupt pending because of the SPL: for intr/black_box.hpp.
    volatile uptr held_off_pc;            // of the code whose SPL it was
    SpinMutexBase* volatile held_off_by;  // `held` then
    volatile u64 held_off_since;          // counter
    volatile u64 held_off;                // how often that was
    LineEntry lines[kLineTableSize];      // by INTID
    // Below this, nothing is on a path that counts instructions.
    volatile u32 resched;  // what the scheduler has to look at (kern/sched.hpp)
    u32 unused;            // the next one is aligned
    QueuedCall* calls;     // from other CPUs, newest first (kern/cross_call.hpp)
    u64 affinity;          // MPIDR_EL1's affinity fields: who this is to firmware and controller
    u64 ipi_target;        // how the controller names this CPU as the target of an SGI
    uptr interrupt_stack;  // its lowest address, behind the guard page
    uptr emergency_stack;  // the same
    // The end of it, noted when the SPL is lowered (intr/attend.cpp); before `since`: not yet.
    volatile u64 held_off_until;                 // counter
    volatile u64 held_off_spl;                   // the SPL that it was
    SpinMutexBase* volatile held_off_let_in_by;  // the one whose release that was
    volatile uptr held_off_to;                   // the place that lowered it
    uptr ipi_register;  // GICv2: where an SGI is asked for; unused with system registers
    // The system-wide SPL, a byte a level (spl/system/system_spl.hpp).
    u64 system;        // the levels up to the highest that this CPU holds
    u64 system_owned;  // those of them that it has taken
};

}  // namespace pivot
