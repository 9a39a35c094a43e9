// The same for the guard that holds off preemption.
// expect-gcc: ignoring return value of .*NoPreemption
// expect-clang: ignoring temporary .*nodiscard
// explains: an unnamed guard ends at once
#include "spl/spl.hpp"

namespace pivot {

void touch() {
#ifdef PIVOT_VALID
    NoPreemption const hold;
#else
    NoPreemption();
#endif
}

}  // namespace pivot
