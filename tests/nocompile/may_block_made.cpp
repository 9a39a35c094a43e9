// Code that was given no token makes itself one.
// expect-gcc: MayBlock::MayBlock\(\).* is private within this context
// expect-clang: calling a private constructor of class 'pivot::MayBlock'
#include "kern/semaphore.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void wait(MayBlock const& context, Semaphore& done) { done.wait(context); }
#else
void wait(Semaphore& done) { done.wait(MayBlock{}); }
#endif

}  // namespace pivot
