// A top half at high passes itself off as one at vm.
// expect-gcc: invalid initialization of reference of type .*Ipl::vm.* from .*Ipl::high
// expect-clang: no matching function for call to 'at_vm'
#include "spl/context.hpp"

namespace pivot {

void at_vm(TopHalf<Ipl::vm> const& context);

#ifdef PIVOT_VALID
void turn(TopHalf<Ipl::vm> const& context) { at_vm(context); }
#else
void turn(TopHalf<Ipl::high> const& context) { at_vm(context); }
#endif

}  // namespace pivot
