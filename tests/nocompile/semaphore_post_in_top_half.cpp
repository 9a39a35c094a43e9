// A top half posts to a semaphore: the scheduler's lists are not guarded against top halves.
// expect-gcc: use of deleted function .*Semaphore::post
// expect-clang: call to deleted member function 'post'
// explains: a top half schedules a continuation that posts
#include "kern/semaphore.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void give(MayBlock const& context, Semaphore& filled) { filled.post(context); }
#else
void give(TopHalf<Ipl::vm> const& context, Semaphore& filled) { filled.post(context); }
#endif

}  // namespace pivot
