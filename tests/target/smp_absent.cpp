// CPUs that do not come up: boot says why in a line each and goes on; one that comes after all
// finds that nobody waits for it any more.
#include "bring_up.hpp"
#include "kern/main.hpp"
#include "kern/secondary.hpp"
#include "psci.hpp"
#include "tests/target/on_cpu.hpp"

// Where a CPU begins that never gets any further, with its MMU off.
asm(".pushsection .text.t_nowhere, \"ax\"\n"
    ".globl t_nowhere\n"
    "t_nowhere: wfe\n"
    "b t_nowhere\n"
    ".popsection");
extern "C" void t_nowhere();

namespace pivot::test {
namespace {

using Result = CpuStart::Result;

constexpr u64 kNobody = 0xab'0000;  // an affinity

CpuStart start(u32 id, u64 affinity, void (*entry)()) {
    return start_secondary(id, affinity, reinterpret_cast<const void*>(entry));
}

void a_cpu_that_firmware_does_not_know() {
    CpuStart const start_nobody = start(4, kNobody, &pivot_secondary_start);
    CHECK(start_nobody.result == Result::refused);
    CHECK_EQUAL(-start_nobody.answer, 2);
    CHECK(!is_online(4));
}

void a_cpu_that_runs_already() {
    CpuStart const again = start(5, cpu_of(1).affinity, &pivot_secondary_start);
    CHECK(again.result == Result::refused);
    CHECK_EQUAL(-again.answer, 4);
    CHECK(!is_online(5));
}

// CPU 1 ends itself. Until firmware has noticed, it answers that the CPU is on.
void switch_off_cpu_1() {
    begin_on(1, [](MayWake const&) { port::Psci::cpu_off(); });
    for (u64 const end = counter() + counter_hz() / 10; counter() < end; cpu_relax()) {
    }
}

void a_cpu_that_does_not_answer() {
    switch_off_cpu_1();
    CHECK(start(6, cpu_of(1).affinity, &t_nowhere).result == Result::silent);
    CHECK(!is_online(6));
    CHECK(!arrive(6));  // what it would be told if it came now
}

}  // namespace
}  // namespace pivot::test

void pivot::image_main(MayBlock const&) {
    using namespace test;
    a_cpu_that_firmware_does_not_know();
    a_cpu_that_runs_already();
    a_cpu_that_does_not_answer();
    run_on(0, [](MayWake const&) {});  // and all else works
    run_on(2, [](MayWake const&) {});
    passed("smp_absent");
}
