#include "intr/line.hpp"

#include "arch/contract/upcalls.hpp"
#include "intr/continuation.hpp"
#include "kern/base/log.hpp"

namespace pivot {
namespace {

constinit LineInfo g_info[kLineTableSize]{};
using MaskLine = void (*)(u32);
constinit MaskLine g_mask_line = nullptr;
constinit int g_no_owner = 0;

void report_strays(MayBlock const&, int&);
constinit Continuation g_report_strays =
    Continuation::to<&report_strays>(Ipl::softclock, g_no_owner);

LineEntry& entry_of(void* token) {
    // vectors.S biases the pointer so that it need not add an offset (frame.hpp: CPU_LINES).
    return *reinterpret_cast<LineEntry*>(static_cast<u8*>(token) + offsetof(PerCpu, lines));
}

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

// Stands before a handler while its longest run is measured.
void timed(void* token, void*) {
    u64 const begin = counter();
    LineInfo& info = g_info[entry_of(token).number];
    info.handler(token, info.argument);
    u64 const ticks = counter() - begin;
    if (ticks > info.longest) {
        info.longest = ticks;
    }
}

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

}  // namespace

LineInfo& line_info(u32 intid) { return g_info[intid]; }

void TopHalfEntry::count_spurious(void* token) { ++g_info[entry_of(token).number].spurious; }

void init_line_table(PerCpu& cpu, void (*mask_line)(u32)) {
    g_mask_line = mask_line;
    for (u32 i = 0; i < kLineTableSize; ++i) {
        set_unrequested(cpu.lines[i], i);
    }
}

LineError request_entry(PerCpu& cpu, LineId line, u32 lines, const char* name, Ipl level,
                        TopHalfFunction handler, void* argument) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    if (info.name != nullptr) {
        return LineError::taken;
    }
    info = LineInfo{.name = name, .handler = handler, .argument = argument};
    LineEntry& entry = cpu.lines[line.intid()];
    entry.handler = handler;
    entry.argument = argument;
    entry.spl = held_at(level);
    entry.count = 0;
    return LineError::none;
}

LineError release_entry(PerCpu& cpu, LineId line, u32 lines) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    if (info.name == nullptr) {
        return LineError::not_requested;
    }
    info = LineInfo{};
    set_unrequested(cpu.lines[line.intid()], line.intid());
    return LineError::none;
}

LineError measure_entry(PerCpu& cpu, LineId line, u32 lines, bool on) {
    if (line.intid() >= lines) {
        return LineError::out_of_range;
    }
    LineInfo& info = g_info[line.intid()];
    if (info.name == nullptr) {
        return LineError::not_requested;
    }
    // One store: a top half that starts now sees one or the other, and both are right.
    cpu.lines[line.intid()].handler = on ? &timed : info.handler;
    info.longest = 0;
    return LineError::none;
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
    }
    return "?";
}

}  // namespace pivot
