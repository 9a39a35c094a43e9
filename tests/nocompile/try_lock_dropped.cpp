// Whether the lock was taken is not looked at.
// expect-gcc: ignoring return value of .*try_lock.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
#include "mutex/adaptive_mutex.hpp"

namespace pivot {

bool enter(MayBlock const& context, AdaptiveMutex& files) {
#ifdef PIVOT_VALID
    return files.try_lock(context);
#else
    files.try_lock(context);
    return true;
#endif
}

}  // namespace pivot
