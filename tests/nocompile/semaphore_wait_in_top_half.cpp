// A top half waits on a semaphore: it would sleep on the interrupt stack.
// expect-gcc: use of deleted function .*Semaphore::wait
// expect-clang: call to deleted member function 'wait'
// explains: a top half never blocks: it schedules a continuation
#include "kern/semaphore.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void take(MayBlock const& context, Semaphore& free_buffers) { free_buffers.wait(context); }
#else
void take(TopHalf<Ipl::vm> const& context, Semaphore& free_buffers) { free_buffers.wait(context); }
#endif

}  // namespace pivot
