// Tracing: what each CPU has done last, with the time of each event (docs/tracing.md).
//
// Who: note: both, in any context. The rest: threads, and a panic. Lock order: none; lock-free.
//
// Only the flavour `traced` has it. Everywhere else `note` is nothing, its arguments are not worked
// out, and no object refers to a ring: the cost is 0 (tests/trace/absent.py).
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/trace/ring.hpp"

namespace pivot {

// The CPUs' rings of events. Where tracing is compiled out, note and address are all there is.
class EventTrace {
  public:
    // A CPU's last 1,024 events.
    using Ring = TraceRing<1024>;

    // Notes an event in this CPU's ring, unless recording is off; `detail`, a, b: kinds.hpp. Both.
    [[gnu::always_inline]] static void note(TraceKind kind, u64 a, u64 b = 0, u8 detail = 0) {
        if constexpr (kTraced) {
            write(kind, detail, a, b);
        }
    }
    // An object as an event keeps it.
    template <typename T>
    static u64 address(T const* object) {
        return reinterpret_cast<u64>(object);
    }

    // Switches recording on or off, on all CPUs; at first it is on. Threads, and a panic.
    static void record(bool on);
    // Whether events are noted now.
    [[nodiscard]] static bool is_recording();
    // What has been recorded is forgotten: reading begins behind it.
    static void clear();
    // Of the events that a CPU has written since, the first that can still be there.
    [[nodiscard]] static u64 first(u32 cpu);
    // A CPU's ring.
    [[nodiscard]] static Ring const& ring(u32 cpu);

  private:
    static void write(TraceKind kind, u8 detail, u64 a, u64 b);
};

}  // namespace pivot
