// A point of each curve: the rows that must not grow with whatever there are many of.
#include "tests/bench/rows.hpp"

namespace pivot::bench {

void curve_points(MayBlock const& context, Run const& run, const char* by, u32 x) {
    take_irq_to_handler(run);
    run.store.report_point("irq_to_handler", by, x);
    take_irq_to_bottom_half(run);
    run.store.report_point("irq_to_bottom_half", by, x);
    take_thread_switch(context, run);
    run.store.report_point("thread_switch", by, x);
}

}  // namespace pivot::bench
