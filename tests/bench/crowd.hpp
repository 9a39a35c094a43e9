// A crowd: up to a thousand threads that do the same at the same time.
//
// Who: the thread "main". Lock order: none. Each has a semaphore of its own to wait for its turn
// on: a queue that is a thousand long is another matter (kern/wait_queue.hpp), and interrupts do
// not care.
#pragma once

#include "kern/semaphore.hpp"

namespace pivot::bench {

inline constexpr u32 kCrowd = 1000;

class Crowd {
  public:
    // Starts them all, at the caller's priority; they wait.
    static void start(MayBlock const& context);

    // From now on they outrank the caller, at twenty different priorities.
    static void raise(MayBlock const& context);

    // The first `count` take turns (rows.hpp) as soon as they run.
    static void take_turns(MayBlock const& context, u32 count);

    // The first `count` sleep until `deadline` and then wait again. They sleep when this returns.
    static void sleep(MayBlock const& context, u32 count, u64 deadline);

    // The first `count` wake one after the other without leaving softclock, at `deadline`, and then
    // wait again.
    static void wake(MayBlock const& context, u32 count, u64 deadline);

    // Until all that were told to sleep or wake have been awake.
    static void wait_for_all(MayBlock const& context);
};

}  // namespace pivot::bench
