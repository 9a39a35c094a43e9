// Runs a scenario under many interleavings of several CPUs.
//
// Who: tests. Lock order: none.
//
//     TEST(SpinMutexSmp, ExcludesEachOther) {
//         explore(3, [](SmpMachine& machine) {
//             SpinMutex<Ipl::high> mutex("m");
//             int inside = 0;
//             machine.on_each([&](u32, MayBlock const& context) { ... });
//             machine.run();
//             EXPECT_EQ(inside, 0);
//         });
//     }
//
// A schedule is a number, its seed. The first that fails ends the test and is printed:
// PIVOT_SEED=<that number> in the environment runs it alone, the same to the last memory access.
// PIVOT_FULL, set by ./pivot test --full, makes it many more. In the build for the thread sanitizer
// the CPUs are host threads, the same scenarios run a few times, and there is no seed.
#pragma once

#include "tests/unit/support/smp_machine.hpp"

namespace pivot {

using Scenario = std::function<void(SmpMachine&)>;

void explore(u32 cpus, Scenario const& scenario);

}  // namespace pivot
