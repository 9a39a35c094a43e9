// A CPU's number where another number is meant.
// expect-gcc: could not convert .*CpuTag.* to .*SlotTag
// expect-clang: no matching function for call to 'bytes_in'
// explains: (CpuId|CpuTag).* to .*(SlotId|SlotTag)
#include "kern/base/ids.hpp"

namespace pivot {

using SlotId = Id<struct SlotTag>;
u32 bytes_in(SlotId slot);

#ifdef PIVOT_VALID
u32 ask(SlotId slot) { return bytes_in(slot); }
#else
u32 ask(CpuId cpu) { return bytes_in(cpu); }
#endif

}  // namespace pivot
