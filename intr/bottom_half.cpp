#include "intr/bottom_half.hpp"

#include "arch/contract/cpu.hpp"

namespace pivot {

void BottomHalf::start_here(uptr stack_bottom, uptr stack_top) {
    PerCpu& cpu = this_cpu();
    u32 const slot = soft_slot(level_);
    settle(cpu, stack_bottom, stack_top, kRunLevels - 1 - slot);
    base_spl_ = held_at(level_);
    mark_ = reinterpret_cast<volatile u8*>(&cpu.attention) + slot_byte(slot);
    cpu.soft_last[slot] = &cpu.soft_first[slot];
    cpu.bottom_half[slot] = this;
}

namespace {

constinit BottomHalf g_softclock{"softclock", Ipl::softclock};
constinit BottomHalf g_softbio{"softbio", Ipl::softbio};
constinit BottomHalf g_softnet{"softnet", Ipl::softnet};
constinit BottomHalf g_softserial{"softserial", Ipl::softserial};

constexpr usize kStack = 8192;

}  // namespace

PIVOT_STACKS(g_bottom_half_stacks, kSoftLevels, kStack);

void start_bottom_halves() {
    BottomHalf* const all[kSoftLevels] = {&g_softclock, &g_softbio, &g_softnet, &g_softserial};
    for (u32 i = 0; i < kSoftLevels; ++i) {
        all[i]->start_here(g_bottom_half_stacks[i].bottom(), g_bottom_half_stacks[i].top());
    }
}

}  // namespace pivot
