// Lock statistics: what each class of locks has cost. Off until asked for (shell: lockstat on).
//
// Who: both, from the locks' slow paths; on, off, reset: threads. Lock order: none; counters are
// added to atomically.
//
// How a lock calls it, in the slow way that its word's counted bit leads to:
//
//     bool const counted = (info.word & info.counted()) != 0 && LockStatistics::begin(info);
//     ... acquire; keep the bit as it is found ...
//     if (counted) LockStatistics::acquired(info, wait, caller);
//
//     if ((info.word & info.counted()) != 0) LockStatistics::released(info);    before the release
#pragma once

#include "mutex/lock_class.hpp"

namespace pivot {

// What an acquisition took; the slow path fills it in.
struct LockWait {
    bool contended = false;  // found taken
    bool slept = false;      // not spinning alone
    u64 spins = 0;           // times round the loop
    u64 ticks = 0;           // of the counter, from asking to having; 0: it was free
};

class LockStatistics {
  public:
    // The lock's word has the counted bit. On its first use, enters the lock into the books; if
    // the statistics are off, clears the bit. True: this acquisition is to be counted.
    [[nodiscard]] static bool begin(LockInfo& lock);

    // By the holder. `caller`: the return address of the slow way, which is in the function that
    // took the lock.
    static void acquired(LockInfo& lock, LockWait const& wait, uptr caller);

    // By the holder, before the release.
    static void released(LockInfo& lock);

    // Begins to count, on all CPUs. Threads.
    static void switch_on();
    // Stops; what was counted stays. Threads.
    static void switch_off();
    // Whether it counts now.
    [[nodiscard]] static bool is_on();

    // Sets all counts to 0.
    static void reset();

    // Off, and the books empty, without a look at the locks: for tests, whose locks are gone.
    static void forget();
};

}  // namespace pivot
