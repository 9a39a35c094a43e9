// The same through the guard.
// expect-gcc: use of deleted function .*SpinMutex<L>::lock
// expect-clang: call to deleted member function 'lock'
// explains: such a top half could interrupt the holder
#include "mutex/spin_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void push(TopHalf<Ipl::sched> const& context, SpinMutex<Ipl::high>& ring) {
    SpinGuard const hold(ring, context);
}
#else
void push(TopHalf<Ipl::sched> const& context, SpinMutex<Ipl::vm>& ring) {
    SpinGuard const hold(ring, context);
}
#endif

}  // namespace pivot
