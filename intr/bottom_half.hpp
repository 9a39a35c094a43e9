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
//
// A level has a budget. Work that always brings more work would keep threads from running for ever;
// so a level that has found more at the end of a round (what was queued when the round began) for
// longer than kBudgetNs is *demoted*: its bottom half goes on as a thread of the lowest ordinary
// priority, and gives way after each round. It is promoted again when it has caught up, or after
// kRestNs. Threads so have at least kRestNs of every kBudgetNs + kRestNs and a round; the level,
// the rest, and what threads leave.
#pragma once

#include "kern/callout.hpp"
#include "kern/thread.hpp"
#include "spl/ipl.hpp"

namespace pivot {

class BottomHalf : public Thread {
  public:
    // How long a level may go on finding more work before it is demoted.
    static constexpr u64 kBudgetNs = 1'000'000;
    static constexpr u64 kRestNs = 1'000'000;  // how long it stays demoted, unless it catches up

    constexpr BottomHalf(const char* name, Ipl level)
        : Thread(name), level_(level), rest_(Callout::to<&BottomHalf::rest_is_over>(*this, name)) {}

    // Makes this CPU's bottom half of that level ready to be entered. Boot, once a CPU and level.
    void start_here(uptr stack_bottom, uptr stack_top);

    // Its soft level.
    [[nodiscard]] Ipl level() const { return level_; }
    // Times that it has been demoted.
    [[nodiscard]] u32 demotions() const { return demotions_; }

    // After a round that was not the last: gives the CPU away if it is time to.
    void keep_to_budget(u64 rounds);
    // Of this CPU's softclock, when it is marked and not at home: no callout can end its rest, so
    // its timer does. Preemption is held off.
    static void look_whether_softclock_has_rested();

  private:
    static void rest_is_over(MayWake const&, BottomHalf& self);

    Ipl level_;
    u8 unused_mark_ = 0;  // softclock's to clear, see start_here
    u32 demotions_ = 0;
    u64 until_ = 0;  // counter: the end of the budget, or of the rest
    Callout rest_;
};

// Starts this CPU's bottom halves, one a soft level. Boot, once a CPU.
void start_bottom_halves();

}  // namespace pivot
