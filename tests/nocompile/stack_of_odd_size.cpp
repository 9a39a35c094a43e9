// A stack that is not a whole number of pages would leave its guard page half mapped.
// expect: static assertion failed|static_assert failed
// explains: a stack is a whole number of 4 KiB pages
#include "kern/base/stack.hpp"

#ifdef PIVOT_VALID
PIVOT_STACK(g_stack, 8192);
#else
PIVOT_STACK(g_stack, 5000);
#endif
