// A bare number where a CPU's number is meant.
// expect-gcc: could not convert '1' from 'int' to 'pivot::CpuId'
// expect-clang: no matching function for call to 'start'
#include "kern/base/ids.hpp"

namespace pivot {

void start(CpuId cpu);

void start_second() {
#ifdef PIVOT_VALID
    start(CpuId{1});
#else
    start(1);
#endif
}

}  // namespace pivot
