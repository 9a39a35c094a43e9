// A top half signals a condition: the queue is not guarded against top halves.
// expect-gcc: use of deleted function .*Condition::signal
// expect-clang: call to deleted member function 'signal'
// explains: a top half schedules a continuation that signals
#include "kern/condition.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void tell(MayBlock const& context, Condition& work) { work.signal(context); }
#else
void tell(TopHalf<Ipl::vm> const& context, Condition& work) { work.signal(context); }
#endif

}  // namespace pivot
