// A top half is requested with another type's object than it takes.
// expect-gcc: use of deleted function .*request_as
// expect-clang: call to deleted (member )?function 'request_as'
// explains: a top half is void\(TopHalf<L> const&, T&\)
#include "tests/nocompile/some_lines.hpp"

namespace pivot {

struct Port {
    int number;
};
struct Disk : Port {
    int sectors;
};

#ifdef PIVOT_VALID
void receive(TopHalf<Ipl::vm> const& context, Port& port);
#else
void receive(TopHalf<Ipl::vm> const& context, Disk& disk);
#endif

LineError attach(Port& port) { return SomeLines::request<&receive>(Spi{40}, "port", port); }

}  // namespace pivot
