// The line table: what dispatch reads of each line (PerCpu::lines), and what else is known of it.
//
// Who: Lines (intr/line.hpp) and what stands beside it. Lock order: none.
#pragma once

#include "intr/line_error.hpp"
#include "intr/line_id.hpp"
#include "kern/base/percpu.hpp"
#include "spl/context.hpp"

namespace pivot {

struct LineInfo;
struct LineShare;
class LineLimit;

[[nodiscard]] LineInfo& line_info(u32 intid);

// The dispatch table of this CPU, filled with what has been requested of banked lines, and with
// handlers that report what nobody has requested. `mask_line` silences a line at the controller.
void init_line_table(PerCpu& cpu, void (*mask_line)(u32 intid));

// Each acts on every table that the line is in. The caller holds off preemption.
LineError request_entry(LineId line, u32 lines, LineInfo const& request);
LineError release_entry(LineId line, u32 lines);
// Into or out of the calling CPU's own table: a line that moves.
void enter_here(u32 intid);
void forget_here(u32 intid);
// Turns the measurement of the longest top half on or off for a line.
LineError measure_entry(LineId line, u32 lines, bool on);
// A limit to how often it fires, or null.
LineError limit_entry(LineId line, LineLimit* limit);
// Notes what its owner wants; of a banked line, on this CPU.
void note_enabled(LineInfo& info, u32 intid, bool enabled);
[[nodiscard]] bool is_line_wanted(LineInfo const& info, u32 intid);
// Of a line that may be limited (storm.cpp): is it masked for that? And: ends it, till it fires.
[[nodiscard]] bool is_polled(LineInfo const& info);
void rest_limit(MayBlock const& context, LineInfo& info);
// Whether a line can be running on no other CPU.
[[nodiscard]] bool is_last_user(LineId line);
// The CPUs on which it can.
[[nodiscard]] u64 cpus_of(LineId line);

}  // namespace pivot
