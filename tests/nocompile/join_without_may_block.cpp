// A callout joins a thread: its token can wake, but not block.
// expect-gcc: cannot convert 'const pivot::MayWake' to 'const pivot::MayBlock&'|invalid init
// expect-clang: no viable conversion from .*MayWake.* to .*MayBlock|could not bind to an lvalue
// explains: MayBlock
#include "kern/thread.hpp"

namespace pivot {

#ifdef PIVOT_VALID
ThreadError finish(MayBlock const& context, Thread& worker) { return worker.join(context); }
#else
ThreadError finish(MayWake const& context, Thread& worker) { return worker.join(context); }
#endif

}  // namespace pivot
