// Panic and the machine's end on the host: the text, the simulation's state, and abort, for death
// tests.
#include <cstdio>
#include <cstdlib>

#include "arch/host/cpu.hpp"
#include "arch/host/replay.hpp"
#include "arch/host/world.hpp"
#include "kern/base/assert.hpp"

namespace pivot {
namespace {

thread_local u64 t_seed = 0;

}  // namespace

namespace sim {

void set_seed(u64 seed) { t_seed = seed; }
u64 seed() { return t_seed; }

}  // namespace sim

void panic(const char* invariant, const char* detail) {
    std::fprintf(stderr, "panic: %s (%s)\n", invariant, detail != nullptr ? detail : "-");
    if (sim::SimCpu const* const cpu = sim::cpu(); cpu != nullptr) {
        std::fprintf(stderr, "  seed %llu, point %llu, interrupt depth %u, counter %llu\n",
                     static_cast<unsigned long long>(t_seed),
                     static_cast<unsigned long long>(cpu->points), cpu->depth,
                     static_cast<unsigned long long>(cpu->counter));
    }
    std::fflush(nullptr);
    if (sim::SimCpu const* const cpu = sim::cpu(); cpu != nullptr && cpu->world != nullptr) {
        cpu->world->end(sim::End::panicked);  // a test's failure, with what the test has to say
    }
    std::abort();
}

namespace port {

void Cpu::machine_exit(u32 status) {
    std::fflush(nullptr);
    std::_Exit(static_cast<int>(status));
}

}  // namespace port
}  // namespace pivot
