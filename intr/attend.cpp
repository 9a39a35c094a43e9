// What waits above an SPL is delivered here: held-off lines, bottom halves, thread switches.
//
// Who: splx and interrupt exit (upcalls.hpp). Lock order: none.
//
// `attention` is a hint, one byte a level, set by anyone with a single store; the truth is
// elsewhere (the controller's mask, the queues, the run queue). A pass clears a byte first and
// looks after, so what comes in between marks it again. Highest level first.
#include "arch/contract/upcalls.hpp"
#include "intr/bottom_half.hpp"
#include "kern/cross_call.hpp"
#include "kern/sched.hpp"
#include "spl/spl.hpp"

namespace pivot {
namespace {

constexpr u32 kFirstSoftByte = attention_byte(Ipl::softclock);

// Tells the controller that only `held` is held off from now on. Mask first, then the record of it:
// an interrupt between them finds record and SPL at odds and repeats this.
void lower_mask(PerCpu& cpu, u64 held) {
    set_priority_mask(held);
    cpu.mask = held;
    cpu.hardware = held;
    if (static_cast<u32>(held) != 0) {
        // still masked: whoever goes below must look
        spl_mark(cpu, attention_byte(level_of(held)));
    }
}

// The byte of the highest level marked: a held-off line comes before any bottom half.
u32 highest_byte(u64 due) {
    u32 const hard = static_cast<u32>(due);
    return hard != 0 ? 3 - static_cast<u32>(__builtin_clz(hard)) / 8
                     : 7 - static_cast<u32>(__builtin_clzll(due)) / 8;
}

// A soft level was marked: its bottom half, unless that is blocked (it will find the work itself,
// but for other CPUs' calls, which cannot wait), and, for the byte that softclock shares with the
// scheduler, a switch that is due.
void attend_soft(u32 slot, u64 held) {
    if (this_cpu().bottom_half[slot] != nullptr && this_cpu().soft_first[slot].next != nullptr) {
        enter_bottom_half(slot);
        if (this_cpu().standby != nullptr) {
            spl_mark(this_cpu(), kFirstSoftByte);  // here, or for whoever lowers the SPL to none
        }
    } else if (slot == soft_slot(Ipl::softserial) && this_cpu().calls != nullptr) {
        CrossCall::run_all_here();
    } else if (slot == soft_slot(Ipl::softclock) && this_cpu().bottom_half[slot] == nullptr) {
        BottomHalf::look_whether_softclock_has_rested();
    }
    if (slot_byte(slot) == kFirstSoftByte && held == 0) {
        Scheduler::preempt();
    }
}

}  // namespace
}  // namespace pivot

void pivot_attend_pass(pivot::u64 held) {
    using namespace pivot;
    // this_cpu() afresh each time: a bottom half or a switch may have come between.
    for (;;) {
        u64 const due = this_cpu().attention & ~held;
        if (due == 0) {
            if constexpr (kChecked) {
                SplWatch::lowers(port::Cpu::read_spl(), held);  // our caller does that now
            }
            return;
        }
        u32 const byte = highest_byte(due);
        spl_unmark(this_cpu(), byte);
        if (byte >= kFirstSoftByte) {
            attend_soft(slot_byte(byte), held);
        } else if (static_cast<u32>(this_cpu().mask & ~held) != 0) {
            lower_mask(this_cpu(), held);
        }
    }
}

void pivot_attend(pivot::u64 held) {
    using namespace pivot;
    // With nothing held this thread may be moved to another CPU before the first store and after
    // the last: each access is one instruction.
    do {
        port::Cpu::write_spl(held | kSoftHeld);
        compiler_barrier();
        pivot_attend_pass(held);
        compiler_barrier();
        port::Cpu::write_spl(held);
    } while ((port::Cpu::read_attention() & ~held) != 0);
}
