// What waits above an SPL is delivered here: held-off lines, bottom halves, thread switches.
//
// Who: splx and interrupt exit (upcalls.hpp). Lock order: none.
//
// `attention` is a hint, one byte a level, set by anyone with a single store; the truth is elsewhere
// (the controller's mask, the queues, the run queue). A pass clears a byte first and looks after, so
// what comes in between marks it again. Highest level first.
#include "arch/contract/upcalls.hpp"
#include "kern/sched.hpp"
#include "spl/spl.hpp"

namespace pivot {
namespace {

constexpr u32 kFirstSoftByte = attention_byte(Ipl::softclock);

// Tells the controller that only `held` is held off from now on. Mask first, then the record of it: an
// interrupt between them finds record and SPL at odds and repeats this.
void lower_mask(PerCpu& cpu, u64 held) {
    set_priority_mask(held);
    cpu.mask = held;
    cpu.hardware = held;
    if (static_cast<u32>(held) != 0) {
        spl_mark(cpu, attention_byte(level_of(held)));  // still masked: whoever goes below must look
    }
}

}  // namespace
}  // namespace pivot

void pivot_attend_pass(pivot::u64 held) {
    using namespace pivot;
    PerCpu& cpu = this_cpu();
    for (;;) {
        u64 const due = cpu.attention & ~held;
        if (due == 0) {
            return;
        }
        u32 const byte = 7 - static_cast<u32>(__builtin_clzll(due)) / 8;
        spl_unmark(cpu, byte);
        if (byte < kFirstSoftByte) {
            if (static_cast<u32>(cpu.mask & ~held) != 0) {
                lower_mask(cpu, held);
            }
            continue;
        }
        u32 const slot = slot_byte(byte);
        if (cpu.bottom_half[slot] != nullptr && cpu.soft_first[slot].next != nullptr) {
            enter_bottom_half(slot);
            if (cpu.standby != nullptr) {
                spl_mark(cpu, kFirstSoftByte);  // below, or by whoever lowers the SPL to none
            }
        }
        if (byte == kFirstSoftByte && held == 0) {
            Scheduler::preempt();
        }
    }
}

void pivot_attend(pivot::u64 held) {
    using namespace pivot;
    PerCpu* cpu = &this_cpu();
    do {
        cpu->spl = held | kSoftHeld;
        compiler_barrier();
        pivot_attend_pass(held);
        compiler_barrier();
        cpu = &this_cpu();  // a pass may switch threads
        cpu->spl = held;
    } while ((cpu->attention & ~held) != 0);
}
