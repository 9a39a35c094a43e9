// A guard without a name ends at the semicolon: the SPL is down again before anything is guarded.
// expect-gcc: ignoring return value of .*Guard
// expect-clang: ignoring temporary .*nodiscard
// explains: an unnamed guard ends at once
#include "spl/spl.hpp"

namespace pivot {

void touch() {
#ifdef PIVOT_VALID
    SplGuard const hold(Ipl::vm);
#else
    SplGuard{Ipl::vm};
#endif
}

}  // namespace pivot
