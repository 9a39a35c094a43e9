// A function that was given no token waits: it cannot know whether it may.
// expect-gcc: no matching function for call to .*Semaphore::wait
// expect-clang: no matching member function for call to 'wait'
// explains: wait
#include "kern/semaphore.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void take(MayBlock const& context, Semaphore& filled) { filled.wait(context); }
#else
void take(Semaphore& filled) { filled.wait(); }
#endif

}  // namespace pivot
