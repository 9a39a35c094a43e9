#include "mutex/turnstile.hpp"

#include "mutex/adaptive_mutex.hpp"
#include "mutex/park.hpp"

namespace pivot {

constinit SpinMutex<Ipl::softserial> g_turnstiles{"turnstiles"};

namespace {

u32 effective(Thread& thread) { return turn_record(thread).effective; }

// Highest first, FIFO within one priority.
void insert(Thread*& first, Thread& thread) {
    Thread** place = &first;
    while (*place != nullptr && effective(**place) >= effective(thread)) {
        place = &turn_record(**place).next;
    }
    turn_record(thread).next = *place;
    *place = &thread;
}

void remove(Thread*& first, Thread& thread) {
    Thread** place = &first;
    while (*place != &thread) {
        place = &turn_record(**place).next;
    }
    *place = turn_record(thread).next;
}

}  // namespace

// Whoever waits for something that waits for itself will wait for ever.
static void refuse_deadlock(AdaptiveMutex const& mutex, Thread const& thread) {
    AdaptiveMutex const* at = &mutex;
    for (u32 i = 0; at != nullptr && i < Turnstile::kLongestChain; ++i) {
        Thread* const owner = at->owner();
        PIVOT_REQUIRE(owner != &thread,
                      "deadlock: a thread waits for a mutex whose owner, or one "
                      "that this waits for in turn, waits for the thread",
                      mutex.name());
        at = owner == nullptr ? nullptr : turn_record(*owner).waits_for;
    }
}

u32 Turnstile::lent_by(AdaptiveMutex const& mutex) {
    u32 const by_waiter = mutex.waiters_ != nullptr ? effective(*mutex.waiters_) : 0;
    return by_waiter > mutex.lent_ ? by_waiter : mutex.lent_;
}

bool Turnstile::is_contested(AdaptiveMutex const& mutex) {
    return mutex.waiters_ != nullptr || mutex.lent_ != 0;
}

void Turnstile::update(Thread& thread) {
    Thread* at = &thread;
    for (u32 i = 0; at != nullptr && i < kLongestChain; ++i) {
        TurnRecord& record = turn_record(*at);
        u32 now = record.base;
        for (AdaptiveMutex* mutex = record.contested; mutex != nullptr;
             mutex = mutex->next_contested_) {
            u32 const lent = lent_by(*mutex);
            now = lent > now ? lent : now;
        }
        if (now == record.effective) {
            return;
        }
        atomic::store_relaxed(&record.effective, now);
        priority_changed(*at);
        if (record.waits_for == nullptr) {
            return;
        }
        remove(record.waits_for->waiters_, *at);
        insert(record.waits_for->waiters_, *at);
        at = record.waits_for->owner();
    }
}

static void enlist(AdaptiveMutex*& first, AdaptiveMutex& mutex, AdaptiveMutex*& next) {
    next = first;
    first = &mutex;
}

void Turnstile::enter(AdaptiveMutex& mutex, Thread& thread) {
    refuse_deadlock(mutex, thread);
    Thread& owner = *mutex.owner();
    TurnRecord& record = turn_record(thread);
    record.waits_for = &mutex;
    came_to_it(thread);
    if (!is_contested(mutex)) {
        enlist(turn_record(owner).contested, mutex, mutex.next_contested_);
    }
    insert(mutex.waiters_, thread);
    update(owner);
}

void Turnstile::lend(AdaptiveMutex& mutex, u32 priority) {
    Thread& owner = *mutex.owner();
    if (!is_contested(mutex)) {
        enlist(turn_record(owner).contested, mutex, mutex.next_contested_);
    }
    mutex.lent_ = priority;
    update(owner);
}

void Turnstile::adopt(AdaptiveMutex& mutex, Thread& thread) {
    enlist(turn_record(thread).contested, mutex, mutex.next_contested_);
    update(thread);
}

static void disown(AdaptiveMutex& mutex, Thread& owner, AdaptiveMutex* AdaptiveMutex::*next) {
    AdaptiveMutex** place = &turn_record(owner).contested;
    while (*place != &mutex) {
        place = &((*place)->*next);
    }
    *place = mutex.*next;
}

// The first that would run.
static Thread* take_out(AdaptiveMutex& mutex, Thread*& first) {
    Thread* woken = first;
    while (woken != nullptr && turn_record(*woken).suspended) {
        woken = turn_record(*woken).next;
    }
    if (woken != nullptr) {
        remove(first, *woken);
        turn_record(*woken).waits_for = nullptr;
        atomic::store_relaxed(&turn_record(*woken).woken_for, &mutex);
    }
    return woken;
}

Thread* Turnstile::release(AdaptiveMutex& mutex, Thread& owner) {
    Thread* const woken = take_out(mutex, mutex.waiters_);
    disown(mutex, owner, &AdaptiveMutex::next_contested_);
    mutex.lent_ = 0;
    update(owner);
    return woken;
}

void Turnstile::pass_on(Thread& thread) {
    AdaptiveMutex* mutex = atomic::load_relaxed(&turn_record(thread).woken_for);
    mutex = mutex != nullptr ? mutex : turn_record(thread).waits_for;
    if (mutex == nullptr || mutex->owner() != nullptr) {
        return;  // an owner wakes somebody when it is done
    }
    if (Thread* const woken = take_out(*mutex, mutex->waiters_); woken != nullptr) {
        if (mutex->waiters_ == nullptr) {
            mutex->clear_waiters();
        }
        unpark(*woken);
    }
}

void Turnstile::came_to_it(Thread& self) {
    atomic::store_relaxed<AdaptiveMutex*>(&turn_record(self).woken_for, nullptr);
}

bool Turnstile::give_up(Thread& thread) {
    TurnRecord& record = turn_record(thread);
    AdaptiveMutex* const mutex = record.waits_for;
    if (mutex == nullptr) {
        return false;
    }
    remove(mutex->waiters_, thread);
    record.waits_for = nullptr;
    Thread* const owner = mutex->owner();
    if (mutex->waiters_ == nullptr) {
        mutex->clear_waiters();
        if (owner != nullptr && !is_contested(*mutex)) {
            disown(*mutex, *owner, &AdaptiveMutex::next_contested_);
        }
    }
    if (owner != nullptr) {
        update(*owner);
    }
    return true;
}

}  // namespace pivot
