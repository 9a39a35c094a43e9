// Bottom halves: one kernel thread a soft level and CPU, which runs continuations and may block.
//
// Who: boot (start). Lock order: runs at its level's SPL, holding nothing.
//
// It is entered straight from interrupt exit or splx, by a stack switch: the thread that was
// interrupted stays pinned and goes on when the queue is empty, without a pass through the run
// queue. The drain loop is the port's (arch/contract/cpu.hpp; arch/aarch64/switch.S). If a
// continuation blocks, the pinned thread goes on at once, and the bottom half later continues as an
// ordinary thread whose priority lies above all others. While it is blocked its pointer in PerCpu
// is null, which keeps it from being entered twice; what is queued meanwhile it finds itself before
// it retires.
//
// softclock is the exception: it wakes the sleeping threads, so a continuation there that blocked
// would stop time for all of them. It panics.
#pragma once

#include "kern/thread.hpp"
#include "spl/ipl.hpp"

namespace pivot {

class BottomHalf : public Thread {
  public:
    constexpr BottomHalf(const char* name, Ipl level) : Thread(name), level_(level) {}

    // Makes this CPU's bottom half of that level ready to be entered. Boot, once a CPU and level.
    void start_here(uptr stack_bottom, uptr stack_top);

    [[nodiscard]] Ipl level() const { return level_; }

  private:
    Ipl level_;
    u8 unused_mark_ = 0;  // softclock's to clear, see start_here
};

// Starts this CPU's bottom halves, one a soft level. Boot, once a CPU.
void start_bottom_halves();

}  // namespace pivot
