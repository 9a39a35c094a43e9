// A top half yields: no top half touches the scheduler.
// expect-gcc: cannot convert 'const pivot::TopHalf<.*>' to 'const pivot::MayBlock&'
// expect-clang: no viable conversion from .*TopHalf.* to .*MayBlock
#include "kern/sched.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void step_aside(MayBlock const& context) { Scheduler::yield(context); }
#else
void step_aside(TopHalf<Ipl::high> const& context) { Scheduler::yield(context); }
#endif

}  // namespace pivot
