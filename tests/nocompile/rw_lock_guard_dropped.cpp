// A guard without a name lets go of the lock before the next statement.
// expect-gcc: ignoring return value of .*an unnamed guard ends at once|ignoring return
// expect-clang: ignoring temporary .*nodiscard
// explains: an unnamed guard ends at once
#include "kern/read_write_lock.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void change(MayBlock const& context, ReadWriteLock& table, int& entries) {
    WriteGuard const guard(table, context);
    ++entries;
}
#else
void change(MayBlock const& context, ReadWriteLock& table, int& entries) {
    WriteGuard(table, context);
    ++entries;
}
#endif

}  // namespace pivot
