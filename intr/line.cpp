#include "intr/line.hpp"

#include "arch/contract/upcalls.hpp"
#include "intr/continuation.hpp"
#include "intr/storm.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"

namespace pivot {
namespace {

constinit LineInfo g_info[kLineTableSize]{};
using MaskLine = void (*)(u32);
constinit MaskLine g_mask_line = nullptr;
constinit int g_no_owner = 0;

void report_strays(MayBlock const&, int&);
constinit Continuation g_report_strays =
    Continuation::to<&report_strays>(Ipl::softclock, g_no_owner);

LineEntry& entry_of(void* token) { return line_of_token(token); }

// A line that nobody has requested: silence it, and say so once, outside the top half.
void stray(TopHalf<Ipl::vm> const& context, LineInfo& info) {
    info.stray = true;
    g_mask_line(static_cast<u32>(&info - g_info));
    g_report_strays.schedule(context);
}

void report_strays(MayBlock const&, int&) {
    for (u32 i = 0; i < kLineTableSize; ++i) {
        if (g_info[i].stray && !g_info[i].reported) {
            g_info[i].reported = true;
            log("line {} fired, but nobody has requested it: masked", i);
        }
    }
}

// Stands before the top half of a line that is measured or limited.
template <typename Run>
u64 watch(void* token, Run&& run) {
    LineInfo& info = g_info[entry_of(token).number];
    u32 const spurious = info.spurious;
    u64 const begin = counter();
    u64 const end = run(info);
    u64 const ticks = counter() - begin;
    if (info.is_measured && ticks > info.longest) {
        info.longest = ticks;
    }
    if (LineLimit* const limit = atomic::load_acquire(&info.limit); limit != nullptr) {
        // The level does not matter for what is done with it.
        limit->note(info.spurious == spurious, *static_cast<TopHalf<Ipl::vm> const*>(token));
    }
    return end;
}

void watched(void* token, void*) {
    (void)watch(token, [token](LineInfo& info) {
        info.handler(token, info.argument);
        return u64{0};
    });
}

// The same before a top half that says how its line ends.
u64 watched_holding(void* token, void*) {
    return watch(token, [token](LineInfo& info) { return info.ends(token, info.argument); });
}

bool is_watched(LineInfo const& info) { return info.is_measured || info.limit != nullptr; }

}  // namespace

struct StrayLines {
    static constexpr TopHalfFunction kHandler = &TopHalfEntry::run<&stray, Ipl::vm, LineInfo>;
};

namespace {

void set_unrequested(LineEntry& entry, u32 intid) {
    bool const real = LineId(intid).kind() != LineKind::none;
    entry.handler = real ? StrayLines::kHandler : &pivot_irq_special;
    entry.argument = &g_info[intid];
    entry.spl = held_at(real ? Ipl::vm : Ipl::high);
    entry.number = intid;
}

void set_requested(LineEntry& entry, LineInfo& info) {
    entry.handler = info.ends == nullptr && is_watched(info) ? &watched : info.handler;
    entry.argument = info.ends != nullptr ? &info.holding : info.argument;
    entry.spl = info.spl;
}

// Calls `change` for the line's entry in each table that dispatches it: for a banked line that is
// every CPU's, whether it runs already or not.
template <typename Change>
void for_each_entry(LineId line, LineInfo const& info, Change&& change) {
    u32 const first = line.is_banked() ? 0 : info.cpu;
    u32 const end = line.is_banked() ? kMaxCpus : info.cpu + 1;
    for (u32 id = first; id < end; ++id) {
        change(cpu_of(id).lines[line.intid()]);
    }
}

}  // namespace

namespace {

// Dispatch calls the top half, or what stands before it. One store: a top half that starts now sees
// one or the other, and both are right.
void choose_handler(LineId line, LineInfo& info) {
    bool const watch = is_watched(info);
    if (info.ends != nullptr) {
        info.holding.function = watch ? &watched_holding : info.ends;
    } else {
        for_each_entry(line, info,
                       [&](LineEntry& entry) { entry.handler = watch ? &watched : info.handler; });
    }
}

}  // namespace

LineInfo& line_info(u32 intid) { return g_info[intid]; }

void TopHalfEntry::count_spurious(void* token) { ++g_info[entry_of(token).number].spurious; }

void init_line_table(PerCpu& cpu, void (*mask_line)(u32)) {
    g_mask_line = mask_line;
    for (u32 i = 0; i < kLineTableSize; ++i) {
        set_unrequested(cpu.lines[i], i);
        if (LineId(i).is_banked() && g_info[i].name != nullptr) {
            set_requested(cpu.lines[i], g_info[i]);
        }
    }
}

LineError request_entry(LineId line, u32 lines, LineInfo const& request) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    // The name is the claim: of two CPUs that request the line, one gets it.
    if (!atomic::replace<const char*>(&info.name, nullptr, request.name)) {
        return LineError::taken;
    }
    info = request;
    for (u32 id = 0; id < kMaxCpus; ++id) {
        cpu_of(id).lines[line.intid()].count = 0;  // an SPI may have been another CPU's
    }
    for_each_entry(line, info, [&](LineEntry& entry) { set_requested(entry, info); });
    return LineError::none;
}

LineError release_entry(LineId line, u32 lines) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    if (info.name == nullptr) {
        return LineError::not_requested;
    }
    for_each_entry(line, info, [&](LineEntry& entry) { set_unrequested(entry, line.intid()); });
    const char* const name = info.name;
    LineInfo free;
    free.name = name;
    info = free;
    atomic::store_release<const char*>(&info.name, nullptr);  // last: now it may be claimed
    return LineError::none;
}

void enter_here(u32 intid) {
    LineInfo& info = g_info[intid];
    set_requested(this_cpu().lines[intid], info);
    info.cpu = this_cpu().id;
}

void forget_here(u32 intid) { set_unrequested(this_cpu().lines[intid], intid); }

LineError measure_entry(LineId line, u32 lines, bool on) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    if (info.name == nullptr) {
        return LineError::not_requested;
    }
    info.is_measured = on;
    choose_handler(line, info);
    info.longest = 0;
    return LineError::none;
}

LineError limit_entry(LineId line, LineLimit* limit) {
    LineInfo& info = g_info[line.intid()];
    atomic::store_release(&info.limit, limit);
    choose_handler(line, info);
    return LineError::none;
}

void note_enabled(LineInfo& info, u32 intid, bool enabled) {
    if (!LineId(intid).is_banked()) {
        atomic::store_in_order(&info.is_wanted, enabled);
        return;
    }
    u64 const self = u64{1} << this_cpu().id;
    if (enabled) {
        atomic::fetch_or(&info.enabled_on, self);
    } else {
        atomic::fetch_and(&info.enabled_on, ~self);
    }
}

bool is_line_wanted(LineInfo const& info, u32 intid) {
    return LineId(intid).is_banked()
               ? (atomic::load_acquire(&info.enabled_on) >> this_cpu().id & 1) != 0
               : atomic::load_in_order(&info.is_wanted);
}

bool is_last_user(LineId line) {
    LineInfo const& info = g_info[line.intid()];
    u32 const self = this_cpu().id;
    if (!line.is_banked()) {
        return info.cpu == self;
    }
    return (atomic::load_acquire(&info.enabled_on) & ~(u64{1} << self)) == 0;
}

u64 cpus_of(LineId line) {
    LineInfo const& info = g_info[line.intid()];
    return line.is_banked() ? atomic::load_acquire(&info.enabled_on) : u64{1} << info.cpu;
}

const char* text_of(LineError error) {
    switch (error) {
        case LineError::none:
            return "no error";
        case LineError::out_of_range:
            return "the controller has no such line";
        case LineError::taken:
            return "the line is taken";
        case LineError::not_requested:
            return "nobody has requested the line";
        case LineError::wrong_kind:
            return "the line is of another kind";
        case LineError::fixed:
            return "the hardware does not let this be changed";
        case LineError::other_cpu:
            return "another CPU may be running its top half";
        case LineError::no_such_cpu:
            return "that CPU is not online";
        case LineError::shared:
            return "the line is shared";
        case LineError::limited:
            return "a limit is on the line";
        case LineError::other_level:
            return "the line is shared at another level";
    }
    return "?";
}

}  // namespace pivot
