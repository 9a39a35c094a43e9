// A top half sleeps.
// expect-gcc: cannot convert 'const pivot::TopHalf<.*>' to 'const pivot::MayBlock&'
// expect-clang: no viable conversion from .*TopHalf.* to .*MayBlock
#include "kern/clock.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void settle(MayBlock const& context) { Clock::sleep_ns(context, 1000); }
#else
void settle(TopHalf<Ipl::sched> const& context) { Clock::sleep_ns(context, 1000); }
#endif

}  // namespace pivot
