// Negative controls: each test here is wrong in a known way and must be found out by the explorer.
// CTest runs them one by one and passes where they fail (tests/unit/support/expect_failure.py).
#include "kern/semaphore.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/smp/hand_over.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// Looks, and then takes: two see it free.
struct LoadThenStore {
    void lock() {
        while (atomic::load_acquire(&word) != 0) {
            cpu_relax();
        }
        atomic::store_release(&word, u64{1});
    }
    void unlock() { atomic::store_release(&word, u64{0}); }
    u64 word = 0;
};

// Fair, but the tickets are drawn in two steps: two have the same turn.
struct TicketInTwoSteps {
    void lock() {
        u64 const mine = atomic::load_relaxed(&next);
        atomic::store_relaxed(&next, mine + 1);
        while (atomic::load_acquire(&serving) != mine) {
            cpu_relax();
        }
    }
    void unlock() { atomic::store_release(&serving, serving + 1); }
    u64 next = 0;
    u64 serving = 0;
};

template <typename Lock>
void exclude_each_other() {
    explore(2, [](SmpMachine& machine) {
        Lock lock;
        int inside = 0;
        machine.on_each([&](u32, MayBlock const&) {
            NoPreemption const hold;
            lock.lock();
            EXPECT_EQ(++inside, 1);
            EXPECT_EQ(--inside, 0);
            lock.unlock();
        });
        machine.run();
    });
}

TEST(Convicted, LoadThenStore) { exclude_each_other<LoadThenStore>(); }

TEST(Convicted, TicketInTwoSteps) { exclude_each_other<TicketInTwoSteps>(); }

// The right lock, released before the last store that it guards.
TEST(Convicted, ReleaseBeforeTheStore) {
    explore(3, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> mutex("m");
        int total = 0;
        machine.on_each([&](u32, MayBlock const& context) {
            mutex.lock(context);
            int const sum = total + 1;
            mutex.unlock();
            total = sum;
        });
        machine.run();
        EXPECT_EQ(total, 3);
    });
}

// Each CPU holds what the other one spins for.
TEST(Convicted, TwoMutexesInTwoOrders) {
    explore(2, [](SmpMachine& machine) {
        SpinMutex<Ipl::vm> a("a"), b("b");
        machine.on_each([&](u32 number, MayBlock const& context) {
            SpinGuard const first(number == 0 ? a : b, context);
            SpinGuard const second(number == 0 ? b : a, context);
        });
        machine.run();
    });
}

// Who waits looks first and then says that it waits: a post between the two wakes nobody.
struct LeakyEvent {
    void wait(MayBlock const& context) {
        if (atomic::load_acquire(&is_set) == 0) {
            atomic::store_release(&somebody_waits, 1u);
            semaphore.wait(context);
        }
    }
    void set(MayBlock const& context) {
        atomic::store_release(&is_set, 1u);
        if (atomic::load_acquire(&somebody_waits) != 0) {
            semaphore.post(context);
        }
    }
    u32 is_set = 0;
    u32 somebody_waits = 0;
    Semaphore semaphore{"event"};
};

TEST(Convicted, AWakeUpIsLost) {
    explore(2, [](SmpMachine& machine) {
        LeakyEvent event;
        machine.on(0, [&](MayBlock const& context) { event.wait(context); });
        machine.on(1, [&](MayBlock const& context) { event.set(context); });
        machine.run();
    });
}

// A thread is resumed on another CPU before its own has saved its registers.
TEST(Convicted, AThreadRunsOnTwoCpus) {
    explore(2, [](SmpMachine& machine) { hand_over(machine, true); });
}

}  // namespace
}  // namespace pivot
