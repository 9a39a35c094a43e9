// The threads that are in the way: one that holds the driver's lock, and one that preempts it.
//
// Who: the thread "main". Lock order: none held.
#pragma once

#include "kern/semaphore.hpp"
#include "tests/bench/argue_port.hpp"
#include "tests/bench/marks.hpp"

namespace pivot::bench {

// -- while a stream comes in

// How long the lock is held, and by how much the preemption stretches that: instructions. The owner
// computes as long without the lock, so it has it half of the time that it gets.
inline constexpr u32 kHeld = 20'000;
inline constexpr u32 kPreempted = 20'000;

// The owner computes without the lock, then with it; in the middle of that it is preempted by a
// thread of higher priority that does not want it; and so on until the end.
void argue_load_begin(ArguePort& port);
// How often the owner has had the lock since.
[[nodiscard]] u32 argue_load_rounds();
void argue_load_end(MayBlock const& context);

// -- one sample at a time

// Where the owner of the lock is when the line is asserted.
enum class Owner : u8 {
    preempted,  // by a thread of higher priority; once it runs again, it computes for `rest`
    sleeps,     // until `rest` after the assertion, and computes nothing
    elsewhere,  // computes on CPU 1 until `rest` after the assertion
};

// Starts the two, on their CPUs. Once, before the first sample.
void argue_owner_start(ArguePort& port, u32 owners_cpu);

// One byte arrives while somebody has the lock. Returns when it has been handed on and the lock is
// free again.
void argue_take_held(MayBlock const& context, ArguePort& port, Owner owner, u32 rest, u32 ahead);

// The device's only byte arrives so many ticks from now; that time.
u64 argue_arm(ArguePort& port, u32 ahead);

// Spins until the byte has been handed on: what an interrupted thread does.
void argue_spin(ArguePort const& port);

}  // namespace pivot::bench
