// A top half waits for a block.
// expect-gcc: use of deleted function .*Pool<.*>::allocate
// expect-clang: call to deleted member function 'allocate'
// explains: a top half never blocks
#include "kern/pool.hpp"

namespace pivot {

#ifdef PIVOT_VALID
PoolBytes<64>* fresh(MayBlock const& context, Pool<PoolBytes<64>, 4>& blocks) {
    return blocks.allocate(context);
}
#else
PoolBytes<64>* fresh(TopHalf<Ipl::vm> const& context, Pool<PoolBytes<64>, 4>& blocks) {
    return blocks.allocate(context);
}
#endif

}  // namespace pivot
