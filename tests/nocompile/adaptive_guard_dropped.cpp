// A guard without a name: the mutex is free again before anything is guarded.
// expect-gcc: ignoring return value of .*Guard
// expect-clang: ignoring temporary .*nodiscard
// explains: an unnamed guard ends at once
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

void touch(MayBlock const& context, AdaptiveMutex& files) {
#ifdef PIVOT_VALID
    AdaptiveGuard const hold(files, context);
#else
    AdaptiveGuard(files, context);
#endif
}

}  // namespace pivot
