// A top half cancels a callout, which it may have interrupted half-way in the queue.
// expect-gcc: use of deleted function .*Callout::cancel
// expect-clang: call to deleted member function 'cancel'
// explains: the queue is not guarded against top halves
#include "kern/callout.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void stop(MayWake const& context, Callout& callout) { (void)callout.cancel(context); }
#else
void stop(TopHalf<Ipl::vm> const& context, Callout& callout) { (void)callout.cancel(context); }
#endif

}  // namespace pivot
