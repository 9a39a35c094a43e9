// A spin mutex of level none would not hold off the thread that spins on it.
// expect: static assertion failed|static_assert failed
// explains: a spin mutex has a level
#include "mutex/spin_mutex.hpp"

namespace pivot {

#ifdef PIVOT_VALID
constinit SpinMutex<Ipl::softclock> g_mutex{"queue"};
#else
constinit SpinMutex<Ipl::none> g_mutex{"queue"};
#endif

}  // namespace pivot
