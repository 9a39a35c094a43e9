// A thread that two CPUs hand to each other, by the port's switch alone.
//
// Who: tests. Lock order: none.
#pragma once

#include "kern/base/atomic.hpp"
#include "tests/unit/support/smp_machine.hpp"

namespace pivot {

// CPU 0's first thread goes to CPU 1 and comes back. `too_early`: CPU 1 is told that it may have
// the thread before CPU 0 has left it.
inline void hand_over(SmpMachine& machine, bool too_early) {
    struct Helper : Thread {
        Helper() : Thread("helper") {}
        std::function<void()> body;
    } helper;
    u32 away = 0, back = 0;
    Thread& first = machine.first_thread(0);
    Thread& second = machine.first_thread(1);
    machine.on(0, [&](MayBlock const&) {
        NoPreemption const hold;
        if (too_early) {
            atomic::store_release(&away, 1u);
        }
        switch_threads(&first, &helper);
        EXPECT_EQ(this_cpu().id, 1u);
        EXPECT_EQ(&current_thread(), &first);
        switch_threads(&first, &second);
        EXPECT_EQ(this_cpu().id, 0u);
    });
    helper.body = [&] {
        atomic::store_release(&away, 1u);
        while (atomic::load_acquire(&back) == 0) {
            cpu_relax();
        }
        switch_threads(&helper, &first);
    };
    machine.on(1, [&](MayBlock const&) {
        NoPreemption const hold;
        while (atomic::load_acquire(&away) == 0) {
            cpu_relax();
        }
        switch_threads(&second, &first);
        EXPECT_EQ(this_cpu().id, 1u);
        atomic::store_release(&back, 1u);
    });
    (void)prepare_stack(&helper, 0, [](Thread* thread) { static_cast<Helper*>(thread)->body(); });
    machine.run();
}

}  // namespace pivot
