// trace: the last events of every CPU, in a kernel that records them.
#include "kern/base/log.hpp"
#include "kern/pivot/commands.hpp"
#include "kern/trace_report.hpp"

namespace pivot {

bool show_trace(MayBlock const&, Words const& words) {
    bool const alone = words.count() == 1;
    bool const on = words.is(1, "on");
    bool const off = words.is(1, "off");
    bool const clear = words.is(1, "clear");
    if (!alone && (words.count() != 2 || !(on || off || clear))) {
        return false;
    }
    if constexpr (!kTraced) {
        log("this kernel records nothing: build and boot the image pivot_traced");
    } else if (clear) {
        EventTrace::clear();
    } else if (!alone) {
        EventTrace::record(on);
    } else {
        bool const recording = EventTrace::is_recording();
        EventTrace::record(false);  // or printing would be all that is seen
        print_trace(kEventsInPanic);
        EventTrace::record(recording);
    }
    return true;
}

}  // namespace pivot
