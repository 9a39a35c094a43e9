// A pool gives out memory; it would run no constructor.
// expect-gcc: static assertion failed
// expect-clang: static_assert failed
// explains: a block is memory: nothing is constructed in it or destroyed
#include "kern/pool.hpp"

namespace pivot {

#ifdef PIVOT_VALID
struct Request {
    u32 sector;
};
constinit Pool<Request, 4> g_requests{"requests"};
#else
struct Request {
    constexpr Request() : sector(1) {}
    u32 sector;
};
constinit Pool<Request, 4> g_requests{"requests"};
#endif

}  // namespace pivot
