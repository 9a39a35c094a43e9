// A top half at high tries a spin mutex of level vm: it would hold it above its level.
// expect-gcc: use of deleted function .*SpinMutex<L>::try_lock
// expect-clang: call to deleted member function 'try_lock'
// explains: a top half above the mutex's level would hold it too high
#include "mutex/spin_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
bool push(TopHalf<Ipl::high> const& context, SpinMutex<Ipl::high>& ring) {
    return ring.try_lock(context);
}
#else
bool push(TopHalf<Ipl::high> const& context, SpinMutex<Ipl::vm>& ring) {
    return ring.try_lock(context);
}
#endif

}  // namespace pivot
