// A type that claims to be a MayBlock.
// expect-gcc: cannot derive from 'final' base 'pivot::MayBlock'
// expect-clang: base 'MayBlock' is marked 'final'
#include "spl/context.hpp"

namespace pivot {

#ifdef PIVOT_VALID
struct Forged {
    MayBlock const& context;
};
#else
struct Forged : MayBlock {};
#endif

}  // namespace pivot
