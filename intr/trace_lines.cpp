// Part of the flavour `traced` alone.
#include "intr/line.hpp"
#include "kern/trace/trace.hpp"

namespace pivot {

void trace_top_half(void* token, Ipl level, bool begins) {
    u32 const intid = line_of_token(token).number;
    EventTrace::note(begins ? TraceKind::irq_enter : TraceKind::irq_exit, intid,
                     EventTrace::address(line_info(intid).name), static_cast<u8>(level));
}

}  // namespace pivot
