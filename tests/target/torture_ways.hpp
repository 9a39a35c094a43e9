// What the torture does with each kind of lock: takes it, changes what it guards, lets go.
//
// Who: tests/target/torture.cpp. Lock order: as each shows.
#pragma once

#include "kern/clock.hpp"
#include "kern/condition.hpp"
#include "kern/message_queue.hpp"
#include "kern/read_write_lock.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot::test {

inline u64 next_random(u64& state) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

inline void pause(u64 spins) {
    for (u64 i = 0; i < spins; ++i) {
        cpu_relax();
    }
}

// What a lock guards: the two are equal whenever nobody holds it.
struct Guarded {
    volatile u64 before = 0;
    volatile u64 after = 0;
    u32 violations = 0;  // atomic

    void look(u64 spins) {
        u64 const seen = before;
        pause(spins);
        if (after != seen) {
            atomic::fetch_add(&violations, 1u);
        }
    }
    void change(u64 spins) {
        u64 const seen = before;
        if (seen != after) {
            atomic::fetch_add(&violations, 1u);
        }
        before = seen + 1;
        pause(spins);
        if (after != seen) {
            atomic::fetch_add(&violations, 1u);
        }
        after = seen + 1;
    }
};

// -- the locks, one way to use each

struct SpinWay {
    SpinMutex<Ipl::vm> mutex{"torture spin"};
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        SpinGuard const guard(mutex, context);
        guarded.change(next_random(random) % 32);
        return true;
    }
};

struct SoftSpinWay {
    SpinMutex<Ipl::softclock> outer{"torture outer"};
    SpinMutex<Ipl::sched> inner{"torture inner"};
    // Released in the order of taking: the SPL falls at the last.
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        outer.lock(context);
        inner.lock(context);
        guarded.change(next_random(random) % 32);
        outer.unlock();
        inner.unlock();
        return true;
    }
};

struct AdaptiveWay {
    AdaptiveMutex mutex{"torture adaptive"};
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        switch (next_random(random) % 8) {
            case 0:
                if (!mutex.try_lock(context)) {
                    return false;
                }
                break;
            case 1:
            case 2:
                if (!mutex.lock_until(context, counter() + next_random(random) % 20'000)) {
                    return false;
                }
                break;
            default:
                mutex.lock(context);
        }
        mutex.assert_held();
        guarded.change(next_random(random) % 64);
        if (next_random(random) % 16 == 0) {
            Clock::sleep_ns(context, 1000);
        } else if (next_random(random) % 8 == 0) {
            Scheduler::yield(context);
        }
        mutex.unlock(context);
        return true;
    }
};

// Two, always in the same order, so that owners wait in turn.
struct NestedWay {
    AdaptiveMutex outer{"torture first"};
    AdaptiveMutex inner{"torture second"};
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        AdaptiveGuard const first(outer, context);
        if (!inner.lock_until(context, counter() + 100'000 + next_random(random) % 1'000'000)) {
            return false;
        }
        guarded.change(next_random(random) % 64);
        inner.unlock(context);
        return true;
    }
};

struct SemaphoreWay {
    Semaphore one{"torture semaphore", 1};
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        if (next_random(random) % 4 == 0) {
            if (!one.wait_until(context, counter() + next_random(random) % 20'000)) {
                return false;
            }
        } else {
            one.wait(context);
        }
        guarded.change(next_random(random) % 64);
        one.post(context);
        return true;
    }
};

// Readers see both halves alike; writers change them.
struct ReadWriteWay {
    ReadWriteLock lock{"torture read/write"};
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        if (next_random(random) % 4 != 0) {
            if (!lock.lock_read_until(context, counter() + 100'000)) {
                return false;
            }
            guarded.look(next_random(random) % 32);
            lock.unlock_read(context);
            return false;  // no change: not a round
        }
        lock.lock_write(context);
        guarded.change(next_random(random) % 64);
        lock.unlock_write(context);
        return true;
    }
};

// A token that a condition variable guards, given back by a signal or by a broadcast.
struct ConditionWay {
    AdaptiveMutex mutex{"torture condition"};
    Condition free{"torture free"};
    bool taken = false;
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        mutex.lock(context);
        while (taken) {
            free.wait(context, mutex);
        }
        taken = true;
        mutex.unlock(context);
        guarded.change(next_random(random) % 64);
        mutex.lock(context);
        taken = false;
        if (next_random(random) % 4 == 0) {
            free.broadcast(context);
        } else {
            free.signal(context);
        }
        mutex.unlock(context);
        return true;
    }
};

// The same token as the only message of a queue.
struct MessageWay {
    MessageQueue<u32, 1> queue{"torture queue"};
    void begin(MayBlock const& context) { queue.send(context, 1); }
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        u32 token = 0;
        queue.receive(context, token);
        guarded.change(next_random(random) % 64);
        queue.send(context, token);
        return true;
    }
};

// A look, then a store: two threads may both have looked.
struct BrokenWay {
    volatile u32 taken = 0;
    bool use(MayBlock const& context, Guarded& guarded, u64& random) {
        while (taken != 0) {
            Clock::sleep_ns(context, 1000);  // its holder may be below us on this CPU
        }
        pause(next_random(random) % 2000);  // as if the lock were far away
        taken = 1;
        guarded.change(next_random(random) % 64);
        taken = 0;
        return true;
    }
};

}  // namespace pivot::test
