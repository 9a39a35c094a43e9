#include "intr/errand.hpp"

#include "kern/cross_call.hpp"
#include "kern/semaphore.hpp"

namespace pivot {
namespace {

struct Errand {
    void (*function)(u32 intid);
    u32 intid;
    Semaphore done{"errand"};
    CrossCall call = CrossCall::to<&Errand::run>(*this);

    // The post is the last access: the waiter may take the object away.
    static void run(MayWake const& context, Errand& self) {
        self.function(self.intid);
        self.done.post(context);
    }
};

// A thread runs here, so no top half does.
bool run_if_here(PerCpu const& cpu, void (*function)(u32 intid), u32 intid) {
    NoPreemption const hold;
    if (&this_cpu() != &cpu) {
        return false;
    }
    function(intid);
    return true;
}

}  // namespace

void run_on_cpus(MayBlock const& context, u64 cpus, void (*function)(u32 intid), u32 intid) {
    for_each_cpu(cpus, [&](PerCpu& cpu) {
        if (!run_if_here(cpu, function, intid)) {
            Errand errand{function, intid};
            (void)errand.call.send(cpu);  // a new object: it cannot be on its way
            errand.done.wait(context);
        }
    });
}

}  // namespace pivot
