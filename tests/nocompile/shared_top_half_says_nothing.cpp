// A device shares its line, and its top half does not say whether it was the one.
// expect-gcc: use of deleted function .*join_as
// expect-clang: call to deleted (member )?function 'join_as'
// explains: a device that shares its line returns Served
#include "intr/line_share.hpp"
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

#ifdef PIVOT_VALID
Served receive(TopHalf<Ipl::vm> const& context, int& device);
#else
void receive(TopHalf<Ipl::vm> const& context, int& device);
#endif

LineError attach(LineShare& share, int& device) {
    return SharedLines<DeclaredController>::join<&receive>(Spi{40}, "port", share, device);
}

}  // namespace pivot
