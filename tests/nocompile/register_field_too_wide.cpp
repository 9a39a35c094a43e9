// A value that does not fit the field would run over into its neighbour.
// expect-gcc: call to non-'constexpr' function 'void pivot::port::register_field_is_too_narrow
// expect-clang: call to consteval function .*field<0U, 3U>.* is not a constant expression
// explains: register_field_is_too_narrow_for_this_value
#include "arch/aarch64/sysreg.hpp"

namespace pivot {

#ifdef PIVOT_VALID
u64 binary_point() { return port::field<0, 3>(7); }
#else
u64 binary_point() { return port::field<0, 3>(9); }
#endif

}  // namespace pivot
