// INTID 33 is an SPI.
// expect-gcc: call to non-'constexpr' function 'void pivot::line_number_is_not_of_this_kind\(\)'
// expect-clang: call to consteval function .*TypedLine.* is not a constant expression
// explains: line_number_is_not_of_this_kind
#include "intr/line_id.hpp"

namespace pivot {

#ifdef PIVOT_VALID
Ppi timer_line() { return Ppi{27}; }
#else
Ppi timer_line() { return Ppi{33}; }
#endif

}  // namespace pivot
