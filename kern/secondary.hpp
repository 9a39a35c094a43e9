// Starting the CPUs that did not boot.
//
// Who: boot, in the thread "main", with interrupts on; once. Lock order: none.
//
// The controller knows which CPUs there are, PSCI starts them, one after the other. A CPU that does
// not come is not waited for longer than a second, and boot goes on without it: that costs a line
// on the console and nothing else. Should it come after all, it must not find a kernel that has
// gone on without it, so one word a CPU decides:
//
//     the boot CPU                               the CPU that is started
//     word = expected; CPU_ON
//     wait, at most a second, for online         word: expected -> arrived
//     word: expected -> given up                   (failed: given up; sleeps for ever)
//       (failed: it has arrived, wait on)        sets itself up, joins the set of those online
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// How a CPU's start went.
struct CpuStart {
    enum class Result : u8 { online, refused, silent };
    Result result;
    i32 answer;  // PSCI's, if it refused
};

// Starts them all, and says for each that does not come up why.
void start_secondaries();

// The same for one: `id` is its number from now on. `entry` is where it begins to run.
CpuStart start_secondary(u32 id, u64 affinity, const void* entry);

// On a CPU that has been started: false if nobody waits for it any more.
[[nodiscard]] bool arrive(u32 id);

}  // namespace pivot
