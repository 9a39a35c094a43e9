// A top half sets an event flag: the queue is not guarded against top halves.
// expect-gcc: use of deleted function .*EventFlags::set
// expect-clang: call to deleted member function 'set'
// explains: a top half schedules a continuation that sets
#include "kern/event_flags.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void tell(MayBlock const& context, EventFlags& events) { events.set(context, 1); }
#else
void tell(TopHalf<Ipl::vm> const& context, EventFlags& events) { events.set(context, 1); }
#endif

}  // namespace pivot
