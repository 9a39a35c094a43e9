// The trace for people, and for qemu/trace.py.
//
// Who: threads, with recording off or on; a panic. Lock order: none; prints.
#pragma once

#include "kern/trace/trace.hpp"

namespace pivot {

inline constexpr u32 kEventsInPanic = 16;

// The last `most` events of each CPU, one a line, oldest first.
void print_trace(u32 most);

// All of it as records: threads, then every CPU's events, then @end (qemu/trace_events.py).
void dump_trace();
// The same of a copy that somebody has made of one CPU's events.
void dump_kept(u32 cpu, TraceEvent const* events, u64 count);

}  // namespace pivot
