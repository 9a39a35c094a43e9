// A stack of less than a page has no room for an interrupt on top of a call.
// expect-gcc: static assertion failed
// expect-clang: static_assert failed
// explains: a stack is a whole number of 4 KiB pages
#include "kern/base/stack.hpp"

namespace pivot {

#ifdef PIVOT_VALID
constinit StackMemory<4096> g_stack{};
#else
constinit StackMemory<2048> g_stack{};
#endif

}  // namespace pivot
