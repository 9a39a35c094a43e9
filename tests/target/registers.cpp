// Interrupted code keeps its registers and flags, wherever it is interrupted and however deep the
// interrupt nests. Interrupted at each instruction of registers.S in turn: a thread, a top half,
// and a top half that itself interrupts a top half.
#include "kern/main.hpp"
#include "tests/target/injector.hpp"

extern "C" pivot::u64 fill_and_compare(pivot::u64 seed, pivot::u64 flags, pivot::u64 rounds);
extern "C" char fill_and_compare_end[];

namespace pivot {
namespace {

using namespace test;

constinit u64 g_seed = 0x0123'4567'89ab'cdef;
constinit u64 g_injections = 0;

u64 next_seed() { return g_seed = g_seed * 6364136223846793005 + 1442695040888963407; }

void compare_once() {
    u64 const flags = (next_seed() >> 60) << 28;  // N, Z, C, V: each combination comes up
    u64 const lost = fill_and_compare(next_seed(), flags, 1);
    CHECK_EQUAL(lost, 0);
}

void compare_everywhere() {
    g_injections += at_every_instruction(compare_once, [] {});
}

// Overwrites what entry must have saved.
void use_registers() { (void)fill_and_compare(next_seed(), 0xf000'0000, 1); }

void a_threads_registers() {
    injector.first = reinterpret_cast<uptr>(&fill_and_compare);
    u32 const instructions =
        (reinterpret_cast<uptr>(fill_and_compare_end) - injector.first) / 4 + 1;
    injector.at = [](Here const&) {
        injector.note_pc();
        use_registers();
    };
    compare_everywhere();
    for (u32 i = 0; i < instructions; ++i) {
        CHECK(injector.covered[i]);
    }
    injector.at = [](Here const&) {
        h.does = [](Here const&) { use_registers(); };
        h.pend();
        use_registers();
    };
    compare_everywhere();
    CHECK(trace.length() > 2 * instructions);
    trace.clear();
}

constinit u32 g_works = 0;
void work(MayBlock const&, u32& works) {
    ++works;
    use_registers();
}
constinit Continuation g_work = Continuation::to<&work>(Ipl::softnet, g_works);

// A thread that is not merely interrupted but preempted by a bottom half at that instruction.
void a_threads_registers_around_a_bottom_half() {
    injector.at = [](Here const& here) { CHECK(here.schedule(g_work)); };
    compare_everywhere();
    CHECK(g_works > 0 && !g_work.is_queued());
}

void a_top_halfs_registers() {
    injector.at = [](Here const&) { use_registers(); };
    v.does = [](Here const&) { compare_everywhere(); };
    v.pend();
    CHECK_TRACE("v.");
    injector.at = [](Here const&) {
        h.does = [](Here const&) { use_registers(); };
        h.pend();
        trace.clear();
    };
    v.does = [](Here const&) { compare_everywhere(); };
    v.pend();
    trace.clear();
}

// The interrupted top half has a line held off at the moment it is interrupted: the slow way in.
void a_top_halfs_registers_when_the_mask_lags() {
    injector.at = nullptr;
    v.does = [](Here const&) {
        g_injections += at_every_instruction(
            [] {
                Spl const old = splraise(Ipl::high);
                compare_once();
                splx(old);
            },
            [] {});
    };
    v.pend();
    trace.clear();
    g_injections += at_every_instruction(
        [] {
            Spl const old = splraise(Ipl::high);
            compare_once();
            splx(old);
        },
        [] {});
}

}  // namespace

void image_main(MayBlock const&) {
    request_probes();
    start_injector<Ipl::sched>();
    a_threads_registers();
    check_calm();
    a_threads_registers_around_a_bottom_half();
    check_calm();
    a_top_halfs_registers();
    check_calm();
    a_top_halfs_registers_when_the_mask_lags();
    check_calm();
    log("{} interrupts injected", g_injections);
    passed("registers survive");
}

}  // namespace pivot
