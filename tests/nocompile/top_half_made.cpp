// A thread makes itself the token of a top half.
// expect-gcc: TopHalf<L>::TopHalf\(\).* is private within this context
// expect-clang: calling a private constructor of class 'pivot::TopHalf<pivot::Ipl::vm>'
#include "mutex/spin_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void touch(MayBlock const& context, SpinMutex<Ipl::vm>& ring) {
    ring.lock(context);
    ring.unlock();
}
#else
void touch(MayBlock const&, SpinMutex<Ipl::vm>& ring) { ring.lock(TopHalf<Ipl::vm>{}); }
#endif

}  // namespace pivot
