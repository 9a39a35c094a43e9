// A member is touched under an SPL instead of its mutex.
// only: clang
// expect-clang: requires holding spin mutex .mutex.
#include "mutex/spin_mutex.hpp"

namespace pivot {

struct Port {
    SpinMutex<Ipl::vm> mutex{"port"};
    u32 head PIVOT_GUARDED_BY(mutex) = 0;

    void put(MayBlock const& context) {
#ifdef PIVOT_VALID
        SpinGuard const guard(mutex, context);
#else
        (void)context;
        SplGuard const hold(Ipl::vm);
#endif
        ++head;
    }
};

void use(Port& port, MayBlock const& context) { port.put(context); }

}  // namespace pivot
