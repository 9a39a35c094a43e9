// A top half asks for a thread's raised SPL.
// expect: deleted function
// explains: a top half raises with SplGuard
#include "spl/raised.hpp"

namespace pivot {

void top_half([[maybe_unused]] TopHalf<Ipl::vm> const& context) {
#ifdef PIVOT_VALID
    SplGuard const hold(Ipl::high);
#else
    at_spl<Ipl::high>(context, [](Raised<Ipl::high> const&) {});
#endif
}

}  // namespace pivot
