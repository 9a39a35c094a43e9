#include "intr/line_hold.hpp"

#include "intr/line_id.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "kern/cpus.hpp"
#include "spl/spl.hpp"

namespace pivot {
namespace {

constexpr u32 kBankedLines = 32;

constinit u32 g_holds[kLineTableSize]{};
constinit u32 g_banked_holds[kMaxCpus][kBankedLines]{};
using DeactivateLine = void (*)(u32);
constinit DeactivateLine g_deactivate_line = nullptr;

u32& holds_of(u32 intid) {
    return LineId(intid).is_banked() ? g_banked_holds[this_cpu().id][intid] : g_holds[intid];
}

}  // namespace

void init_line_holds(void (*deactivate)(u32)) { g_deactivate_line = deactivate; }

u32 line_holds(u32 intid) { return atomic::load_relaxed(&holds_of(intid)); }

bool is_line_held(void* token) { return line_holds(line_of_token(token).number) != 0; }

void hold_line(u32 intid) {
    PIVOT_REQUIRE(this_cpu().lines[intid].handler == &pivot_irq_holding,
                  "a line is held whose top half does not return LineEnd");
    atomic::fetch_add(&holds_of(intid), u32{1});
}

void let_go_of_line(MayWake const&, u32 intid) {
    NoPreemption const hold;
    u32 const before = atomic::fetch_add(&holds_of(intid), ~u32{0});
    PIVOT_REQUIRE(before != 0, "a line is let go of that nobody holds");
    if (before == 1) {
        g_deactivate_line(intid);
    }
}

bool AttachedLine::attach(u32 intid) {
    if (!atomic::replace(&word_, u64{0}, attached(intid))) {
        return false;
    }
    hold_line(intid);
    return true;
}

bool AttachedLine::keeps(u32 intid) {
    u64 const word = attached(intid);
    return atomic::replace(&word_, word, word);
}

bool AttachedLine::take() {
    u64 const word = atomic::load_relaxed(&word_);
    return (word & kAttached) != 0 && atomic::replace(&word_, word, word ^ (kAttached | kTaken));
}

void AttachedLine::let_go(MayWake const& context) {
    NoPreemption const hold;
    u32 const cpu = static_cast<u32>(word_ >> 32 & 0xffff);
    if (cpu == this_cpu().id) {
        let_go_here(context);
        return;
    }
    bool const sent = call_.send_held(cpu_of(cpu));
    PIVOT_REQUIRE(sent, "a line is let go of twice");
}

// Free first: the line may come, and be attached again, as soon as it is let go of.
void AttachedLine::let_go_here(MayWake const& context) {
    u32 const intid = static_cast<u32>(word_);
    atomic::store_release(&word_, u64{0});
    let_go_of_line(context, intid);
}

}  // namespace pivot
