#include "mutex/lock_statistics.hpp"

#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"

namespace pivot {
namespace {

constinit bool g_on = false;

void raise_to(u64& most, u64 value) {
    u64 seen = atomic::load_relaxed(&most);
    while (seen < value && !atomic::replace(&most, seen, value)) {
        seen = atomic::load_relaxed(&most);
    }
}

// The caller's place in the table. A full one gives its least entry to a newcomer, count included
// ("space saving", Metwally et al. 2005): who makes up more than a quarter of all acquisitions is
// certainly in it, and no count is too low. Two CPUs in here may lose each other's step.
LockCaller& place_of(LockCounts& counts, uptr pc) {
    LockCaller* least = &counts.callers[0];
    for (LockCaller& caller : counts.callers) {
        if (caller.pc == pc) {
            return caller;
        }
        if (atomic::load_relaxed(&caller.acquisitions) <
            atomic::load_relaxed(&least->acquisitions)) {
            least = &caller;
        }
    }
    atomic::store_relaxed(&least->pc, pc);
    atomic::store_relaxed(&least->contentions, u64{0});
    return *least;
}

}  // namespace

bool LockStatistics::begin(LockInfo& lock) {
    LockClass::enter(lock);  // before the look: switch_on sets g_on before it walks the list
    if (atomic::load_in_order(&g_on)) {
        return true;
    }
    atomic::fetch_and(&lock.word, ~lock.counted());
    // Cleared before the look: switch_on sets g_on before it sets the bit.
    if (atomic::load_in_order(&g_on)) {
        atomic::fetch_or(&lock.word, lock.counted());
        return true;
    }
    return false;
}

void LockStatistics::acquired(LockInfo& lock, LockWait const& wait, uptr caller) {
    lock.since = counter();
    LockClass* const found = atomic::load_acquire(&lock.of_class);
    if (found == nullptr) {
        return;
    }
    LockCounts& counts = found->counts;
    u64 const contended = wait.contended ? 1 : 0;
    atomic::fetch_add(&counts.acquisitions, u64{1});
    LockCaller& place = place_of(counts, caller);
    atomic::fetch_add(&place.acquisitions, u64{1});
    if (contended != 0) {
        atomic::fetch_add(&place.contentions, contended);
        atomic::fetch_add(&counts.contentions, contended);
        atomic::fetch_add(&counts.spins, wait.spins);
        atomic::fetch_add(&counts.wait_ticks, wait.ticks);
        atomic::fetch_add(&counts.sleeps, u64{wait.slept ? 1u : 0u});
        raise_to(counts.longest_wait, wait.ticks);
    }
}

void LockStatistics::released(LockInfo& lock) {
    LockClass* const found = atomic::load_acquire(&lock.of_class);
    if (found != nullptr && lock.since != 0) {
        raise_to(found->counts.longest_hold, counter() - lock.since);
    }
    lock.since = 0;
}

void LockStatistics::switch_on() {
    atomic::store_in_order(&g_on, true);
    for (LockInfo* lock = LockClass::first_lock(); lock != nullptr; lock = lock->next) {
        lock->since = 0;  // who holds it now was not counted
        atomic::fetch_or(&lock->word, lock->counted());
    }
}

void LockStatistics::switch_off() {
    atomic::store_relaxed(&g_on, false);
    for (LockInfo* lock = LockClass::first_lock(); lock != nullptr; lock = lock->next) {
        atomic::fetch_and(&lock->word, ~lock->counted());
    }
}

bool LockStatistics::is_on() { return atomic::load_relaxed(&g_on); }

void LockStatistics::forget() {
    g_on = false;
    LockClass::reset();
}

void LockStatistics::reset() {
    for (u32 i = 0; i < LockClass::count(); ++i) {
        LockClass::at(i).counts = LockCounts{};
    }
}

}  // namespace pivot
