// A top half releases its own line, which waits until the top half is over.
// expect-gcc: use of deleted function .*release
// expect-clang: call to deleted (member )?function 'release'
// explains: it would wait for its own end
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

#ifdef PIVOT_VALID
void stop(MayBlock const& context, int&) { (void)SomeLines::release(context, Spi{40}); }
#else
void stop(TopHalf<Ipl::vm> const& context, int&) { (void)SomeLines::release(context, Spi{40}); }
#endif

}  // namespace pivot
