// A line is compared with a CPU.
// expect-gcc: no match for 'operator=='
// expect-clang: invalid operands to binary expression
#include "intr/line_id.hpp"
#include "kern/base/ids.hpp"

namespace pivot {

#ifdef PIVOT_VALID
bool same(LineId line, LineId other) { return line == other; }
#else
bool same(LineId line, CpuId other) { return line == other; }
#endif

}  // namespace pivot
