// A top half locks an adaptive mutex through the guard.
// expect-gcc: use of deleted function .*AdaptiveGuard::AdaptiveGuard
// expect-clang: call to deleted constructor of 'const pivot::AdaptiveGuard'
// explains: a top half never blocks
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void enter(MayBlock const& context, AdaptiveMutex& files) {
    AdaptiveGuard const hold(files, context);
}
#else
void enter(TopHalf<Ipl::vm> const& context, AdaptiveMutex& files) {
    AdaptiveGuard const hold(files, context);
}
#endif

}  // namespace pivot
