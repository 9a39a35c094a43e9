// A top half at softnet: that level belongs to a bottom half.
// expect-gcc: template constraint failure for .*TopHalf
// expect-clang: constraints not satisfied for class template 'TopHalf'
// explains: the soft levels belong to bottom halves
#include "spl/context.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void receive(TopHalf<Ipl::vm> const& context);
#else
void receive(TopHalf<Ipl::softnet> const& context);
#endif

}  // namespace pivot
