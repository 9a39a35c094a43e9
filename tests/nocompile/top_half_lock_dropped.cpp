// Whether the top half has the mutex is not looked at.
// expect-gcc: ignoring return(ed)? value .*lock_or_defer.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
#include "intr/deferral.hpp"

namespace pivot {

LineEnd serve(TopHalf<Ipl::vm> const& context, AdaptiveMutex& port, LockedContinuation& after) {
#ifdef PIVOT_VALID
    auto const lock = lock_or_defer(context, port, after);
    return lock.end();
#else
    lock_or_defer(context, port, after);
    return LineEnd::deactivate;
#endif
}

}  // namespace pivot
