// A top half returns something that nobody would look at.
// expect-gcc: use of deleted function .*request_as
// expect-clang: call to deleted (member )?function 'request_as'
// explains: a top half is void\(TopHalf<L> const&, T&\)
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

#ifdef PIVOT_VALID
Served receive(TopHalf<Ipl::vm> const& context, int& device);
#else
int receive(TopHalf<Ipl::vm> const& context, int& device);
#endif

LineError attach(int& device) { return SomeLines::request<&receive>(Spi{40}, "port", device); }

}  // namespace pivot
