// INTID 27 is a PPI: a driver that takes it for shared would get it on one CPU only.
// expect-gcc: call to non-'constexpr' function 'void pivot::line_number_is_not_of_this_kind\(\)'
// expect-clang: call to consteval function .*TypedLine.* is not a constant expression
// explains: line_number_is_not_of_this_kind
#include "intr/line_id.hpp"

namespace pivot {

#ifdef PIVOT_VALID
Spi uart_line() { return Spi{33}; }
#else
Spi uart_line() { return Spi{27}; }
#endif

}  // namespace pivot
