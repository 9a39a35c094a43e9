#include "intr/line_hold.hpp"

#include "intr/line_id.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
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

void hold_line(u32 intid) { atomic::fetch_add(&holds_of(intid), u32{1}); }

void let_go_of_line(MayWake const&, u32 intid) {
    NoPreemption const hold;
    u32 const before = atomic::fetch_add(&holds_of(intid), ~u32{0});
    PIVOT_REQUIRE(before != 0, "a line is let go of that nobody holds");
    if (before == 1) {
        g_deactivate_line(intid);
    }
}

}  // namespace pivot
