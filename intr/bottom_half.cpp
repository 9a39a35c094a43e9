#include "intr/bottom_half.hpp"

#include "arch/contract/cpu.hpp"

namespace pivot {

void BottomHalf::start_here(uptr stack_bottom, uptr stack_top) {
    PerCpu& cpu = this_cpu();
    u32 const slot = soft_slot(level_);
    settle(cpu, stack_bottom, stack_top, kRunLevels - 1 - slot);
    paint_stack(stack_bottom, stack_top);
    enlist();
    base_spl_ = held_at(level_);
    // softclock's byte stands for a due thread switch, too, which a callout may have asked for; the
    // end of the drain loop must not clear that. attend_soft clears it, and looks for both.
    mark_ = level_ == Ipl::softclock
                ? &unused_mark_
                : reinterpret_cast<volatile u8*>(&cpu.attention) + slot_byte(slot);
    cpu.soft_last[slot] = &cpu.soft_first[slot];
    cpu.bottom_half[slot] = this;
}

namespace {

struct BottomHalves {
    BottomHalf of_level[kSoftLevels] = {{"softclock", Ipl::softclock},
                                        {"softbio", Ipl::softbio},
                                        {"softnet", Ipl::softnet},
                                        {"softserial", Ipl::softserial}};
};
constinit BottomHalves g_bottom_halves[kMaxCpus]{};

constexpr usize kStack = 8192;
constexpr usize kStacks = usize{kMaxCpus} * kSoftLevels;

}  // namespace

PIVOT_STACKS(g_bottom_half_stacks, kStacks, kStack);

void start_bottom_halves() {
    u32 const id = this_cpu().id;
    for (u32 i = 0; i < kSoftLevels; ++i) {
        auto& stack = g_bottom_half_stacks[id * kSoftLevels + i];
        g_bottom_halves[id].of_level[i].start_here(stack.bottom(), stack.top());
    }
}

}  // namespace pivot
