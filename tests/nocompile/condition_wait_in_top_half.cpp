// A top half waits on a condition: the mutex's owner would be the thread that it interrupted.
// expect-gcc: use of deleted function .*Condition::wait
// expect-clang: call to deleted member function 'wait'
// explains: a top half never blocks
#include "kern/condition.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void wait_for_work(MayBlock const& context, Condition& work, AdaptiveMutex& mutex) {
    work.wait(context, mutex);
}
#else
void wait_for_work(TopHalf<Ipl::vm> const& context, Condition& work, AdaptiveMutex& mutex) {
    work.wait(context, mutex);
}
#endif

}  // namespace pivot
