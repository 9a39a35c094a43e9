// A type that claims to be a TopHalf.
// expect-gcc: cannot derive from 'final' base 'pivot::TopHalf<
// expect-clang: base 'TopHalf' is marked 'final'
#include "spl/context.hpp"

namespace pivot {

#ifdef PIVOT_VALID
struct Forged {
    TopHalf<Ipl::vm> const& context;
};
#else
struct Forged : TopHalf<Ipl::vm> {};
#endif

}  // namespace pivot
