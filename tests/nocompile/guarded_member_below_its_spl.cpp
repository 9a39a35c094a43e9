// A member is touched under a lower SPL than it is guarded by.
// only: clang
// expect-clang: requires holding .*spl_capability.vm.
#include "mutex/spin_mutex.hpp"

namespace pivot {

struct Port {
    SpinMutex<Ipl::vm> mutex{"port"};
    u32 head PIVOT_GUARDED_BY(spl_capability(Ipl::vm)) = 0;

    void put(MayBlock const& context) {
#ifdef PIVOT_VALID
        (void)context;
        SplGuard const hold(Ipl::vm);
#else
        (void)context;
        SplGuard const hold(Ipl::softnet);
#endif
        ++head;
    }
};

void use(Port& port, MayBlock const& context) { port.put(context); }

}  // namespace pivot
