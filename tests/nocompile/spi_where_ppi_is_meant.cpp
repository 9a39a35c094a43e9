// An SPI is given to what works on this CPU's own lines.
// expect-gcc: could not convert .*LineKind::spi.* to .*LineKind::ppi
// expect-clang: no matching function for call to 'arm_timer'
// explains: LineKind::spi.* to .*LineKind::ppi
#include "intr/line_id.hpp"

namespace pivot {

void arm_timer(Ppi line);

#ifdef PIVOT_VALID
void arm(Ppi line) { arm_timer(line); }
#else
void arm(Spi line) { arm_timer(line); }
#endif

}  // namespace pivot
