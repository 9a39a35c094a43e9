// A top half arms a callout: the queue is not guarded against top halves.
// expect-gcc: use of deleted function .*Callout::arm
// expect-clang: call to deleted member function 'arm'
// explains: a top half schedules a continuation that arms
#include "kern/callout.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void later(MayWake const& context, Callout& callout) { callout.arm(context, 1000); }
#else
void later(TopHalf<Ipl::vm> const& context, Callout& callout) { callout.arm(context, 1000); }
#endif

}  // namespace pivot
