// Threads that are suspended at a moment that matters to others.
#include "mutex/adaptive_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// Suspended at whatever moment, unless it owns the mutex by then, it keeps nobody from it.
TEST(SuspensionSmp, AWaiterThatIsSuspendedHoldsUpNobody) {
    explore(2, [](SmpMachine& machine) {
        AdaptiveMutex mutex("m");
        auto const take_twice = [&](MayBlock const& context) {
            for (int i = 0; i < 2; ++i) {
                AdaptiveGuard const guard(mutex, context);
                Scheduler::sleep_until(context, counter() + 20);
            }
        };
        Thread& victim = machine.thread(0, "victim", kMainPriority + 2, take_twice);
        Thread& here = machine.thread(0, "here", kMainPriority + 1, take_twice);
        Thread& there = machine.thread(1, "there", kMainPriority + 1, take_twice);
        machine.on(1, [&](MayBlock const& context) {
            (void)victim.suspend(context);
            if (mutex.owner() == &victim) {
                EXPECT_EQ(victim.resume(context), ThreadError::none);
            }
            EXPECT_EQ(here.join(context), ThreadError::none);
            EXPECT_EQ(there.join(context), ThreadError::none);
            (void)victim.resume(context);
        });
        machine.run();
        EXPECT_EQ(mutex.owner(), nullptr);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
