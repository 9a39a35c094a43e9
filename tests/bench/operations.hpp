// The operations that the injector is let loose on, by what they exercise. One more is a function
// and a line in a table.
//
// Who: the thread "main", once each, in this order. Lock order: none.
#pragma once

#include "kern/sched.hpp"
#include "tests/bench/injector.hpp"

namespace pivot::inject {

struct Operations {
    Operation const* first;
    u32 count;
};

template <u32 N>
constexpr Operations all_of(Operation const (&list)[N]) {
    return {list, N};
}

// Each starts the threads and requests the lines that its operations need, and returns these.
[[nodiscard]] Operations level_operations(MayBlock const& context);  // SPL, lines, continuations
[[nodiscard]] Operations spl_operations(MayBlock const& context);    // every level, raised, lowered
[[nodiscard]] Operations system_operations(MayBlock const& context);     // the system-wide SPL
[[nodiscard]] Operations contended_operations(MayBlock const& context);  // with 2 CPUs; else none
[[nodiscard]] Operations lock_operations(MayBlock const& context);       // mutexes
[[nodiscard]] Operations wait_operations(MayBlock const& context);       // semaphores, time-outs
[[nodiscard]] Operations sync_operations(MayBlock const& context);    // conditions, queues, pools
[[nodiscard]] Operations timer_operations(MayBlock const& context);   // callouts, sleep
[[nodiscard]] Operations thread_operations(MayBlock const& context);  // switches, changes, lives

// -- for the operations

// Priorities of the threads that help: those below "main" run when it waits.
inline constexpr u32 kLowest = 1;
inline constexpr u32 kLow = 4;
inline constexpr u32 kMiddle = 6;
inline constexpr u32 kHigh = 12;

// Returns when every thread of a lower priority waits for something: the one of the lowest has had
// its turn.
void settle(MayBlock const& context);

// Ends the machine with status 1 if it does not hold.
void require(bool holds, const char* what);
inline void require(ThreadError error) {
    require(error == ThreadError::none, "a thread does not do as it should");
}

// Ticks that are enough to go to sleep in, whatever is interrupted meanwhile.
inline constexpr u64 kSoon = kChecked ? 6000 : 900;
[[nodiscard]] inline u64 soon() { return counter() + kSoon; }

}  // namespace pivot::inject
