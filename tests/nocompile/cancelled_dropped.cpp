// What a cancel found is ignored: the function may be running.
// expect-gcc: ignoring returned value of type 'pivot::Cancelled'
// expect-clang: ignoring return value of (type 'Cancelled'|function declared with 'nodiscard')
#include "kern/callout.hpp"

namespace pivot {

#ifdef PIVOT_VALID
bool stop(MayWake const& context, Callout& callout) {
    return callout.cancel(context) == Cancelled::running;
}
#else
void stop(MayWake const& context, Callout& callout) { callout.cancel(context); }
#endif

}  // namespace pivot
