// A token is kept for later, when its context is over.
// expect-gcc: use of deleted function 'pivot::MayBlock::MayBlock\(const pivot::MayBlock&\)'
// expect-clang: call to deleted constructor of 'pivot::MayBlock'|call to deleted constructor
#include "kern/sched.hpp"

namespace pivot {

void later(MayBlock const& context) {
#ifdef PIVOT_VALID
    MayBlock const& same = context;
#else
    MayBlock const same = context;
#endif
    Scheduler::yield(same);
}

}  // namespace pivot
