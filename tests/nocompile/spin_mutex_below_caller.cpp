// A top half at high takes a spin mutex of level vm: it may have interrupted the holder.
// expect-gcc: use of deleted function .*SpinMutex<L>::lock
// expect-clang: call to deleted member function 'lock'
// explains: such a top half could interrupt the holder
#include "mutex/spin_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void push(TopHalf<Ipl::high> const& context, SpinMutex<Ipl::high>& ring) {
    ring.lock(context);
    ring.unlock();
}
#else
void push(TopHalf<Ipl::high> const& context, SpinMutex<Ipl::vm>& ring) { ring.lock(context); }
#endif

}  // namespace pivot
