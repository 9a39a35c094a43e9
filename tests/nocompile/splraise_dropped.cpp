// What splraise returns is what splx needs: dropped, the SPL stays up for ever.
// expect-gcc: ignoring return value of .*splraise.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
#include "spl/spl.hpp"

namespace pivot {

void touch() {
#ifdef PIVOT_VALID
    Spl const old = splraise(Ipl::vm);
    splx(old);
#else
    splraise(Ipl::vm);
#endif
}

}  // namespace pivot
