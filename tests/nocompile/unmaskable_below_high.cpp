// A line that no SPL holds off has a top half of a lower level than what it may interrupt.
// expect-gcc: nothing is above the top half: it is at high
// expect-clang: nothing is above the top half: it is at high
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

struct Device {};
void at_high(TopHalf<Ipl::high> const&, Device&) {}
void at_vm(TopHalf<Ipl::vm> const&, Device&) {}

#ifdef PIVOT_VALID
LineError request(Device& device) {
    return SomeLines::request_unmaskable<&at_high>(Sgi{1}, "stop", device);
}
#else
LineError request(Device& device) {
    return SomeLines::request_unmaskable<&at_vm>(Sgi{1}, "stop", device);
}
#endif

}  // namespace pivot
