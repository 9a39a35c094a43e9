// AdaptiveMutex between CPUs: exclusion, inheritance, timeouts, in every order that the explorer
// finds.
#include "mutex/adaptive_mutex.hpp"

#include <list>

#include "kern/semaphore.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// A mutex, and what it guards: at most one is inside.
struct Room {
    void visit(MayBlock const& context) {
        EXPECT_EQ(++inside, 1);
        ++visits;
        Scheduler::yield(context);
        EXPECT_EQ(--inside, 0);
    }
    AdaptiveMutex mutex{"room"};
    int inside = 0;
    int visits = 0;
};

void expect_free(AdaptiveMutex const& mutex) {
    EXPECT_EQ(mutex.owner(), nullptr);
    EXPECT_EQ(mutex.info().word & 1, 0u) << "the mark of waiters is left";
}

void expect_own_priority(Thread const& thread) {
    EXPECT_EQ(thread.priority(), thread.base_priority()) << thread.name();
}

TEST(AdaptiveRooms, ExcludesEachOther) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        auto const visit = [&](MayBlock const& context) {
            for (int round = 0; round < 2; ++round) {
                AdaptiveGuard const guard(room.mutex, context);
                room.visit(context);
            }
        };
        std::list<Thread*> threads;
        for (u32 number = 0; number < 2; ++number) {
            machine.on(number, visit);
            threads.push_back(&machine.thread(number, "equal", kMainPriority, visit));
            threads.push_back(&machine.thread(number, "higher", kMainPriority + 1 + number, visit));
        }
        machine.run();
        EXPECT_EQ(room.visits, 12);
        expect_free(room.mutex);
        for (Thread const* const thread : threads) {
            expect_own_priority(*thread);
        }
        machine.expect_at_rest();
    });
}

// The owner sleeps while it owns, so others sleep on the turnstile; timeouts meet releases.
TEST(AdaptiveRooms, TimedLocksTakeItOrDoNot) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        u32 taken = 0;
        auto const try_it = [&](u64 away) {
            return [&, away](MayBlock const& context) {
                if (room.mutex.lock_until(context, counter() + away)) {
                    room.visit(context);
                    ++taken;
                    room.mutex.unlock(context);
                }
            };
        };
        machine.on(0, [&](MayBlock const& context) {
            AdaptiveGuard const guard(room.mutex, context);
            EXPECT_EQ(++room.inside, 1);
            Clock::sleep_ns(context, 300);
            EXPECT_EQ(--room.inside, 0);
        });
        machine.on(1, try_it(350));
        Thread& early = machine.thread(1, "early", kMainPriority + 1, try_it(100));
        Thread& late = machine.thread(1, "late", kMainPriority + 2, try_it(10'000'000));
        machine.run();
        EXPECT_GE(taken, 1u);
        EXPECT_EQ(room.visits, static_cast<int>(taken));
        expect_free(room.mutex);
        expect_own_priority(early);
        expect_own_priority(late);
        expect_own_priority(machine.first_thread(0));
        machine.expect_at_rest();
    });
}

// Low owns the mutex; middle, on low's CPU, never ends until high, on the other CPU, has had it.
// Without inheritance low would never release it.
TEST(AdaptiveRooms, TheOwnerInheritsAcrossCpus) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        u32 owned = 0, had = 0;
        Semaphore start_middle("start middle");
        Thread& low = machine.thread(0, "low", 2, [&](MayBlock const& context) {
            AdaptiveGuard const guard(room.mutex, context);
            atomic::store_release(&owned, 1u);
            start_middle.post(context);
            room.visit(context);
        });
        machine.thread(0, "middle", 4, [&](MayBlock const& context) {
            start_middle.wait(context);
            while (atomic::load_acquire(&had) == 0) {
                cpu_relax();
            }
        });
        machine.thread(1, "high", 6, [&](MayBlock const& context) {
            while (atomic::load_acquire(&owned) == 0) {
                cpu_relax();
            }
            AdaptiveGuard const guard(room.mutex, context);
            room.visit(context);
            atomic::store_release(&had, 1u);
        });
        machine.run();
        EXPECT_EQ(room.visits, 2);
        expect_free(room.mutex);
        expect_own_priority(low);
        machine.expect_at_rest();
    });
}

// A chain: top waits for b, whose owner waits for a, whose owner sleeps on the other CPU. Owners
// release out of order, and a priority changes on the way.
TEST(AdaptiveRooms, AChainOverTwoCpus) {
    explore(2, [](SmpMachine& machine) {
        AdaptiveMutex a("a"), b("b"), c("c");
        Semaphore a_owned("a owned"), b_owned("b owned");
        Thread& first = machine.thread(0, "first", 2, [&](MayBlock const& context) {
            a.lock(context);
            c.lock(context);
            a_owned.post(context);
            Clock::sleep_ns(context, 200);
            a.unlock(context);
            c.unlock(context);
        });
        Thread& second = machine.thread(1, "second", 3, [&](MayBlock const& context) {
            a_owned.wait(context);
            AdaptiveGuard const outer(b, context);
            b_owned.post(context);
            AdaptiveGuard const inner(a, context);
        });
        Thread& top = machine.thread(0, "top", 10, [&](MayBlock const& context) {
            b_owned.wait(context);
            AdaptiveGuard const guard(b, context);
        });
        machine.on(1, [&](MayBlock const& context) {
            Clock::sleep_ns(context, 100);
            EXPECT_EQ(second.set_priority(context, 5), ThreadError::none);
            if (c.lock_until(context, counter() + 150)) {
                c.unlock(context);
            }
        });
        machine.run();
        for (AdaptiveMutex const* mutex : {&a, &b, &c}) {
            expect_free(*mutex);
        }
        for (Thread const* thread : {&first, &second, &top}) {
            expect_own_priority(*thread);
        }
        machine.expect_at_rest();
    });
}

// The owner is moved to another CPU while others spin for it or sleep.
TEST(AdaptiveRooms, TheOwnerMoves) {
    explore(2, [](SmpMachine& machine) {
        Room room;
        Semaphore owned("owned");
        Thread& owner = machine.thread(0, "owner", kMainPriority - 1, [&](MayBlock const& context) {
            AdaptiveGuard const guard(room.mutex, context);
            owned.post(context);
            room.visit(context);
            room.visit(context);
        });
        machine.thread(0, "wants", kMainPriority, [&](MayBlock const& context) {
            owned.wait(context);
            owned.post(context);
            AdaptiveGuard const guard(room.mutex, context);
            room.visit(context);
        });
        machine.on(1, [&](MayBlock const& context) {
            owned.wait(context);
            owned.post(context);
            (void)owner.set_affinity(context, 2);
            AdaptiveGuard const guard(room.mutex, context);
            room.visit(context);
        });
        machine.run();
        EXPECT_EQ(room.visits, 4);
        expect_free(room.mutex);
        machine.expect_at_rest();
    });
}

}  // namespace
}  // namespace pivot
