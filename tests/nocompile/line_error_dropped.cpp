// Whether the line could be had is not looked at.
// expect-gcc: ignoring returned value of type .*LineError.*nodiscard
// expect-clang: ignoring return value of function declared with 'nodiscard'
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

LineError listen() {
#ifdef PIVOT_VALID
    return SomeLines::enable(Spi{40});
#else
    SomeLines::enable(Spi{40});
    return LineError::none;
#endif
}

}  // namespace pivot
