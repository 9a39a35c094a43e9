#include "intr/bottom_half.hpp"

#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/clock.hpp"
#include "kern/cross_call.hpp"

namespace pivot {
namespace {

constinit BottomHalf* g_softclock[kMaxCpus] = {};

}  // namespace

void BottomHalf::start_here(uptr stack_bottom, uptr stack_top) {
    PerCpu& cpu = this_cpu();
    u32 const slot = soft_slot(level_);
    slot_ = static_cast<u8>(slot);
    settle(cpu, stack_bottom, stack_top, kRunLevels - 1 - slot);
    paint_stack(stack_bottom, stack_top);
    enlist();
    base_spl_ = held_at(level_);
    // softclock's byte stands for a due thread switch, too, which a callout may have asked for; the
    // end of the drain loop must not clear that. attend_soft clears it, and looks for both.
    mark_ = level_ == Ipl::softclock
                ? &unused_mark_
                : reinterpret_cast<volatile u8*>(&cpu.attention) + slot_byte(slot);
    if (level_ == Ipl::softclock) {
        g_softclock[cpu.id] = this;
    }
    cpu.soft_last[slot] = &cpu.soft_first[slot];
    cpu.bottom_half[slot] = this;
}

void BottomHalf::keep_to_budget(u64 rounds) {
    if (Scheduler::is_demoted(*this)) {
        Scheduler::step_aside(*this);
        return;
    }
    u64 const now = counter();
    if (rounds == 1) {
        until_ = now + Clock::ticks_of_ns(kBudgetNs);
    } else if (now >= until_) {
        ++demotions_;
        until_ = now + Clock::ticks_of_ns(kRestNs);
        if (level_ == Ipl::softclock) {
            Callout::alarm_at_latest(until_);
        } else {
            ThreadStart::with_token([this](MayWake const& context) { rest_.arm(context, until_); });
        }
        Scheduler::demote(*this);
    }
}

void BottomHalf::rest_is_over(MayWake const&, BottomHalf& self) {
    if (Scheduler::is_demoted(self)) {
        self.until_ = counter() + Clock::ticks_of_ns(kBudgetNs);
        Scheduler::promote(self);
    }
}

void BottomHalf::look_whether_softclock_has_rested() {
    BottomHalf& self = *g_softclock[this_cpu().id];
    if (!Scheduler::is_demoted(self)) {
        return;  // it is only blocked, or on its way out
    }
    if (counter() < self.until_) {
        Callout::alarm_at_latest(self.until_);  // the alarm that brought us was another one
        return;
    }
    ThreadStart::with_token([&](MayWake const& context) { rest_is_over(context, self); });
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

pivot::u64 pivot_bottom_half_more(pivot::u64 rounds) {
    using namespace pivot;
    auto& self = static_cast<BottomHalf&>(current_thread());
    if (self.level() == Ipl::softserial && atomic::load_relaxed(&this_cpu().calls) != nullptr) {
        CrossCall::run_all_here();  // their mark is cleared, and what comes next may block
    }
    self.keep_to_budget(rounds);
    return self.base_spl();
}
