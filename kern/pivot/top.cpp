// top: who has had the CPUs for the last second, by looking a thousand times.
//
// The physical timer's top half looks, every millisecond, at the thread that each CPU runs or has
// interrupted. What runs at the same beat is seen too often, or never.
//
// Who: the shell's thread. Lock order: none held.
#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/base/log.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/pivot/extend.hpp"
#include "kern/thread.hpp"

namespace pivot {
namespace {

constexpr u32 kMostThreads = 256;
constexpr u64 kBeatNs = 1'000'000;
constexpr u32 kLongestMs = 60'000;  // nobody can take a command back

struct Top {
    u64 due = 0;
    u64 beat = 0;
    Thread const* thread[kMostThreads] = {};
    u32 seen[kMostThreads] = {};
    u32 looks = 0;
};
constinit Top g_top{};

void look(TopHalf<Ipl::sched> const&, Top& top) {
    top.due += top.beat;
    PhysicalTimer::arm(top.due);
    ++top.looks;
    for_each_cpu(online_set(), [&](PerCpu const& cpu) {
        Thread const* const running = atomic::load_relaxed(&cpu.current);
        for (u32 i = 0; i < kMostThreads; ++i) {
            if (top.thread[i] == nullptr || top.thread[i] == running) {
                top.thread[i] = running;
                ++top.seen[i];
                return;
            }
        }
    });
}

bool show_top(MayBlock const& context, Words const& words) {
    u32 milliseconds = 1000;
    if (words.count() > 2 || (words.count() == 2 && !words.number(1, milliseconds)) ||
        milliseconds == 0 || milliseconds > kLongestMs) {
        return false;
    }
    u64 const beat = Clock::ticks_of_ns(kBeatNs);
    g_top = Top{.due = PhysicalTimer::now() + beat, .beat = beat};
    LineError const error = BoardLines::request<&look>(Board::kPhysicalTimerLine, "top", g_top);
    if (error != LineError::none) {
        log("the physical timer's line: {}", text_of(error));
        return true;
    }
    PhysicalTimer::arm(g_top.due);
    (void)BoardLines::enable(Board::kPhysicalTimerLine);
    Clock::sleep_ns(context, u64{milliseconds} * 1'000'000);
    (void)BoardLines::release(Board::kPhysicalTimerLine);
    PhysicalTimer::quiet();
    log("{-12} {3} {8}   {} looks", "thread", "cpu", "percent", g_top.looks);
    for (u32 i = 0; i < kMostThreads && g_top.thread[i] != nullptr; ++i) {
        Thread const& thread = *g_top.thread[i];
        u32 const tenths = g_top.seen[i] * 1000 / (g_top.looks == 0 ? 1 : g_top.looks);
        log("{-12} {3} {6}.{}", thread.name(), thread.home().id, tenths / 10, tenths % 10);
    }
    return true;
}
PIVOT_COMMAND(g_command) = {"top", "[MS]", "who has the CPUs, for a second", &show_top};

}  // namespace
}  // namespace pivot
