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
#include "mutex/spin_mutex.hpp"
#include "spl/spl.hpp"

namespace pivot {
namespace {

constexpr u32 kFirstSoftByte = attention_byte(Ipl::softclock);

// The spin mutex whose release has lowered the SPL to `held`: it went back to that SPL and to what
// this CPU holds now. It is looked for from the one that was held when entry left the line pending;
// null if the SPL was raised without a mutex. Another CPU may have taken one of them since: then
// its links are astray, and the walk ends without a result.
SpinMutexBase* released_mutex(PerCpu const& cpu, u64 held) {
    constexpr u32 kMost = 8;
    SpinMutexBase const* const now = SpinMutexBase::last_held(cpu);
    SpinMutexBase* mutex = SpinMutexBase::untagged(cpu.held_off_by);
    for (u32 i = 0; mutex != nullptr && i < kMost; ++i, mutex = mutex->previous()) {
        if (mutex->previous() == now) {
            return mutex->saved_spl() == held ? mutex : nullptr;
        }
    }
    return nullptr;
}

// For the black box, before the line that was held off comes. `from`: 0 if nobody knows.
[[gnu::noinline]] void note_lowered(PerCpu& cpu, u64 held, uptr from) {
    cpu.held_off_let_in_by = released_mutex(cpu, held);
    cpu.held_off_spl = cpu.mask;  // as entry set it
    cpu.held_off_to = from;
    cpu.held_off_until = counter();
}

// Tells the controller that only `held` is held off from now on. Mask first, then the record of it:
// an interrupt between them finds record and SPL at odds and repeats this.
void lower_mask(PerCpu& cpu, u64 held, uptr from) {
    note_lowered(cpu, held, from);
    if constexpr (kTraced) {  // both are volatile: a read of them is made
        EventTrace::note(TraceKind::let_in, cpu.held_off_since, cpu.held_off_pc);
    }
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
    } else if (slot == soft_slot(Ipl::softserial) &&
               atomic::load_relaxed(&this_cpu().calls) != nullptr) {
        CrossCall::run_all_here();
    } else if (slot == soft_slot(Ipl::softclock) && this_cpu().bottom_half[slot] == nullptr) {
        BottomHalf::look_whether_softclock_has_rested();
    }
    if (slot_byte(slot) == kFirstSoftByte && held == 0) {
        Scheduler::preempt();
    }
}

// `from`: who has lowered the SPL.
void attend_pass(u64 held, uptr from) {
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
            lower_mask(this_cpu(), held, from);
        }
    }
}

}  // namespace
}  // namespace pivot

void pivot_attend_pass(pivot::u64 held) { pivot::attend_pass(held, 0); }

void pivot_attend(pivot::u64 held) {
    using namespace pivot;
    // With nothing held this thread may be moved to another CPU before the first store and after
    // the last: each access is one instruction.
    do {
        port::Cpu::write_spl(held | kSoftHeld);
        compiler_barrier();
        attend_pass(held, reinterpret_cast<uptr>(__builtin_return_address(0)));
        compiler_barrier();
        port::Cpu::write_spl(held);
    } while ((port::Cpu::read_attention() & ~held) != 0);
}
