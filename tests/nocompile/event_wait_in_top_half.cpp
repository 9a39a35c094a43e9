// A top half waits for an event flag.
// expect-gcc: use of deleted function .*EventFlags::wait_any
// expect-clang: call to deleted member function 'wait_any'
// explains: a top half never blocks
#include "kern/event_flags.hpp"

namespace pivot {

#ifdef PIVOT_VALID
u64 next(MayBlock const& context, EventFlags& ready) { return ready.wait_any(context, 6); }
#else
u64 next(TopHalf<Ipl::vm> const& context, EventFlags& ready) { return ready.wait_any(context, 6); }
#endif

}  // namespace pivot
