// cont: the bottom halves of each CPU and level.
//
// Who: the shell's thread. Lock order: none; what other CPUs do meanwhile may be a moment old.
#include "intr/bottom_half.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/extend.hpp"

namespace pivot {
namespace {

const char* state_of(PerCpu const& cpu, u32 slot) {
    if (atomic::load_relaxed(&cpu.bottom_half[slot]) == nullptr) {
        return "away";  // entered, blocked, or demoted
    }
    return atomic::load_relaxed(&cpu.soft_first[slot].next) == nullptr ? "idle" : "has work";
}

bool show_continuations(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("{3} {-11} {-9} {9} {8}", "cpu", "level", "queue", "priority", "demoted");
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        if (thread->is_bottom_half()) {
            auto const& half = static_cast<BottomHalf const&>(*thread);
            log("{3} {-11} {-9} {9} {8}", half.home().id, name_of(half.level()),
                state_of(half.home(), half.slot()), half.priority(), half.demotions());
        }
    }
    return true;
}
PIVOT_COMMAND(g_continuations) = {"cont", "", "bottom halves: work, and demotions",
                                  &show_continuations};

}  // namespace
}  // namespace pivot
