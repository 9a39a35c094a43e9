// A top half frees a block: the free list is not guarded against top halves.
// expect-gcc: use of deleted function .*Pool<.*>::free
// expect-clang: call to deleted member function 'free'
// explains: a top half schedules a continuation that frees
#include "kern/pool.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void done(MayBlock const& context, Pool<PoolBytes<64>, 4>& blocks, PoolBytes<64>* block) {
    blocks.free(context, block);
}
#else
void done(TopHalf<Ipl::vm> const& context, Pool<PoolBytes<64>, 4>& blocks, PoolBytes<64>* block) {
    blocks.free(context, block);
}
#endif

}  // namespace pivot
