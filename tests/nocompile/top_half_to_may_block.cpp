// A top half turns its token into a thread's.
// expect-gcc: invalid 'static_cast' from type .*TopHalf<.*>' to type .*MayBlock&'
// expect-clang: no viable conversion from 'const TopHalf<Ipl::vm>' to 'const pivot::MayBlock'
#include "spl/context.hpp"

namespace pivot {

#ifdef PIVOT_VALID
MayBlock const& turn(MayBlock const& context) { return static_cast<MayBlock const&>(context); }
#else
MayBlock const& turn(TopHalf<Ipl::vm> const& context) {
    return static_cast<MayBlock const&>(context);
}
#endif

}  // namespace pivot
