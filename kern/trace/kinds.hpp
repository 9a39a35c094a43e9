// The kinds of traced events, and what each one's detail, a and b are.
//
// Who: both. Lock order: none. qemu/trace_events.py has the same names.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

// What an event tells of; kTraceNames has their names, in this order.
enum class TraceKind : u8 {
    irq_enter,  // a top half begins     level     INTID      its line's name
    irq_exit,   // and ends              level     INTID      its line's name
    let_in,     // held off until now              since when where the SPL was raised
    schedule,   // a continuation is queued  level   owner      function
    send,       // or sent elsewhere     CPU       owner      function
    begin,      // a continuation runs             owner      function
    end,        // and has run                     owner      function
    run,        // this thread from here on        thread     the CPU's SPL
    wake,       // is made ready                   thread
    contend,    // finds a lock taken    LockKind  lock       its name
    acquire,    // has a lock            LockKind  lock       its name
    gave_up,    // its time was over     LockKind  lock       its name
    release,    // gives a lock back     LockKind  lock       its name
    spl,        // is raised or lowered            from       to
    ipi,        // is sent               CPU       SGI
    sample,     // of a benchmark                  began      ended
};
// The kinds' names, as the files have them.
inline constexpr const char* kTraceNames[] = {
    "irq_enter", "irq_exit", "let_in",  "schedule", "send",    "begin", "end", "run",
    "wake",      "contend",  "acquire", "gave_up",  "release", "spl",   "ipi", "sample"};
static_assert(sizeof(kTraceNames) / sizeof(kTraceNames[0]) ==
              static_cast<usize>(TraceKind::sample) + 1);

}  // namespace pivot
