// AdaptiveMutex between CPUs, in every order that the explorer finds: exclusion, nobody forgotten,
// and nothing lent that is not given back.
#include "mutex/adaptive_mutex.hpp"

#include <array>

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

struct Guarded {
    explicit Guarded(const char* name = "m") : mutex(name) {}
    AdaptiveMutex mutex;
    u32 inside = 0;
    u32 total = 0;

    void enter() {
        EXPECT_EQ(atomic::fetch_add(&inside, 1u), 0u);
        EXPECT_EQ(mutex.owner(), &current_thread());
        ++total;
        EXPECT_EQ(atomic::fetch_add(&inside, ~u32{0}), 1u);
    }
    void expect_free() const {
        EXPECT_EQ(mutex.owner(), nullptr);
        EXPECT_EQ(inside, 0u);
    }
};

TEST(AdaptiveMutexSmp, ExcludesEachOther) {
    explore(3, [](SmpMachine& machine) {
        Guarded guarded;
        auto const twice = [&](MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                AdaptiveGuard const guard(guarded.mutex, context);
                guarded.enter();
            }
        };
        machine.thread(0, "high", kMainPriority + 2, twice);
        machine.thread(1, "low", kMainPriority - 2, twice);
        machine.on_each([&](u32, MayBlock const& context) { twice(context); });
        machine.run();
        EXPECT_EQ(guarded.total, 10u);
        guarded.expect_free();
        machine.expect_at_rest();
    });
}

// Owners sleep while they have it, so that others do, too.
TEST(AdaptiveMutexSmp, NobodyIsForgotten) {
    explore(3, [](SmpMachine& machine) {
        Guarded guarded;
        Semaphore permits("permits", 1);
        auto const twice = [&](MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                AdaptiveGuard const guard(guarded.mutex, context);
                permits.wait(context);
                guarded.enter();
                permits.post(context);
            }
        };
        machine.thread(0, "high", kMainPriority + 2, [&](MayBlock const& context) {
            permits.wait(context);
            twice(context);
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            number == 2 ? permits.post(context) : twice(context);
        });
        machine.run();
        EXPECT_EQ(guarded.total, 6u);
        guarded.expect_free();
        machine.expect_at_rest();
    });
}

TEST(AdaptiveMutexSmp, WhoGivesUpDoesNotHaveItAndNobodyWaitsForHim) {
    explore(3, [](SmpMachine& machine) {
        Guarded guarded;
        u32 had = 0;
        machine.on_each([&](u32 number, MayBlock const& context) {
            for (u64 round = 0; round < 3; ++round) {
                u64 const deadline = counter() + 30 * number + 40 * round;
                if (number == 0 || round == 1) {
                    guarded.mutex.lock(context);
                } else if (!guarded.mutex.lock_until(context, deadline)) {
                    EXPECT_NE(guarded.mutex.owner(), &current_thread());
                    continue;
                }
                guarded.enter();
                if (round == 2) {
                    Clock::sleep_ns(context, 100);
                }
                guarded.mutex.unlock(context);
                atomic::fetch_add(&had, 1u);
            }
        });
        machine.run();
        EXPECT_EQ(guarded.total, had);
        guarded.expect_free();
        machine.expect_at_rest();
    });
}

// A chain over two mutexes and three CPUs, with a deadline in it and priorities that change: when
// all is over, nobody has more or less than his own.
TEST(AdaptiveMutexSmp, WhatIsLentIsGivenBack) {
    explore(3, [](SmpMachine& machine) {
        Guarded outer("outer"), inner("inner");
        std::array<Thread*, 3> threads{};
        auto const both = [&](MayBlock const& context) {
            AdaptiveGuard const first(outer.mutex, context);
            outer.enter();
            AdaptiveGuard const second(inner.mutex, context);
            inner.enter();
        };
        threads[0] = &machine.thread(0, "low", 3, [&](MayBlock const& context) {
            AdaptiveGuard const guard(inner.mutex, context);
            inner.enter();
            Clock::sleep_ns(context, 50);
        });
        threads[1] = &machine.thread(1, "middle", 5, both);
        threads[2] = &machine.thread(2, "high", 12, [&](MayBlock const& context) {
            if (outer.mutex.lock_until(context, counter() + 120)) {
                outer.enter();
                outer.mutex.unlock(context);
            }
        });
        machine.on(0, [&](MayBlock const& context) {
            (void)threads[1]->set_priority(context, 14);
            (void)threads[2]->set_priority(context, 4);
        });
        machine.on(2, [&](MayBlock const& context) { both(context); });
        machine.run();
        for (Thread const* thread : threads) {
            EXPECT_EQ(thread->priority(), thread->base_priority()) << thread->name();
        }
        outer.expect_free();
        inner.expect_free();
        machine.expect_at_rest();
    });
}

// The owner is preempted by threads between its priority and the waiter's; the waiter comes from
// another CPU and lends it enough to go on.
TEST(AdaptiveMutexSmp, AnOwnerWithABorrowedPriorityIsNotHeldUp) {
    explore(2, [](SmpMachine& machine) {
        Guarded guarded;
        bool owned = false, done = false;
        machine.thread(0, "owner", 3, [&](MayBlock const& context) {
            AdaptiveGuard const guard(guarded.mutex, context);
            atomic::store_release(&owned, true);
            guarded.enter();
        });
        machine.on(0, [&](MayBlock const& context) {
            Clock::sleep_ns(context, 300);  // the owner gets that far, or not
            while (atomic::load_acquire(&owned) && !atomic::load_acquire(&done)) {
                cpu_relax();  // middle priority: keeps the owner from running, but for
                              // the waiter
            }
        });
        machine.on(1, [&](MayBlock const& context) {
            EXPECT_EQ(current_thread().set_priority(context, 12), ThreadError::none);
            while (!atomic::load_acquire(&owned)) {
                cpu_relax();
            }
            AdaptiveGuard const guard(guarded.mutex, context);
            guarded.enter();
            atomic::store_release(&done, true);
        });
        machine.run();
        EXPECT_EQ(guarded.total, 2u);
        guarded.expect_free();
        machine.expect_at_rest();
    });
}

// A waiter is suspended, moved and resumed while it waits, and others go on.
TEST(AdaptiveMutexSmp, WaitersMayBeSuspendedAndMoved) {
    explore(3, [](SmpMachine& machine) {
        Guarded guarded;
        Thread& waiter = machine.thread(1, "waiter", 12, [&](MayBlock const& context) {
            for (int i = 0; i < 2; ++i) {
                AdaptiveGuard const guard(guarded.mutex, context);
                guarded.enter();
            }
        });
        machine.on_each([&](u32 number, MayBlock const& context) {
            if (number == 1) {
                (void)waiter.suspend(context);
                (void)waiter.set_affinity(context, 0b101);
                (void)waiter.resume(context);
                return;
            }
            AdaptiveGuard const guard(guarded.mutex, context);
            guarded.enter();
            Clock::sleep_ns(context, 40);
        });
        machine.run();
        EXPECT_EQ(guarded.total, 4u);
        guarded.expect_free();
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
