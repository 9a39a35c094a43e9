// A top half locks an adaptive mutex: its owner may be the thread that was interrupted.
// expect-gcc: use of deleted function .*AdaptiveMutex::lock
// expect-clang: call to deleted member function 'lock'
// explains: a top half never blocks: it takes spin mutexes only
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void enter(MayBlock const& context, AdaptiveMutex& files) {
    files.lock(context);
    files.unlock(context);
}
#else
void enter(TopHalf<Ipl::vm> const& context, AdaptiveMutex& files) { files.lock(context); }
#endif

}  // namespace pivot
