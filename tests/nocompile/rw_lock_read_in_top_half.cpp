// A top half takes a reader/writer lock: its holder may be the thread that it interrupted.
// expect-gcc: use of deleted function .*ReadWriteLock::lock_read
// expect-clang: call to deleted member function 'lock_read'
// explains: a top half never blocks
#include "kern/read_write_lock.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void look(MayBlock const& context, ReadWriteLock& table) {
    table.lock_read(context);
    table.unlock_read(context);
}
#else
void look(TopHalf<Ipl::vm> const& context, ReadWriteLock& table) { table.lock_read(context); }
#endif

}  // namespace pivot
