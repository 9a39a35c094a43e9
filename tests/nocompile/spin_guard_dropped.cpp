// A guard without a name: the mutex is free again before anything is guarded.
// expect-gcc: ignoring return value of .*Guard
// expect-clang: ignoring temporary .*nodiscard
// explains: an unnamed guard ends at once
#include "mutex/spin_mutex.hpp"

namespace pivot {

void touch(MayBlock const& context, SpinMutex<Ipl::vm>& ring) {
#ifdef PIVOT_VALID
    SpinGuard<Ipl::vm> const hold(ring, context);
#else
    SpinGuard<Ipl::vm>(ring, context);
#endif
}

}  // namespace pivot
