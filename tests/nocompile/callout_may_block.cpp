// A callout whose function asks for a thread's token: it runs with one that cannot block.
// expect-gcc: (cannot convert|invalid conversion|invalid init).*MayBlock
// expect-clang: no viable conversion from .*MayWake.* to .*MayBlock|could not bind to an lvalue
#include "kern/callout.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void blink(MayWake const&, int& count) { ++count; }
#else
void blink(MayBlock const&, int& count) { ++count; }
#endif

constinit int g_count = 0;
constinit Callout g_blink = Callout::to<&blink>(g_count);

}  // namespace pivot
