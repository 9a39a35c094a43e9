// CPUs that are host threads: whatever happens to come, under the thread sanitizer's eyes.
#include <cstdlib>

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

constexpr u32 kRounds = 20;
constexpr u32 kRoundsFull = 300;

}  // namespace

void explore(u32 cpus, Scenario const& scenario) {
    u32 const rounds = std::getenv("PIVOT_FULL") != nullptr ? kRoundsFull : kRounds;
    for (u32 round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
        SmpMachine machine(cpus, nullptr, 0);
        scenario(machine);
    }
    ::testing::Test::RecordProperty("rounds", std::to_string(rounds));
}

}  // namespace pivot
