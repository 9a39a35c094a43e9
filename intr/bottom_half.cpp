#include "intr/bottom_half.hpp"

#include "arch/contract/upcalls.hpp"
#include "intr/continuation.hpp"
#include "spl/spl.hpp"

namespace pivot {

void BottomHalf::start_here(uptr stack_bottom, uptr stack_top) {
    u32 const index = Continuation::soft_index(level_);
    stack_bottom_ = stack_bottom;
    stack_top_ = stack_top;
    priority_ = kThreadPriorities + index;
    base_spl_ = held_at(level_);
    enlist();
    PerCpu& cpu = this_cpu();
    cpu.soft[index].tail = &cpu.soft[index].stub;
    cpu.bottom_half[index] = this;
}

Thread* BottomHalf::run() {
    u32 const index = Continuation::soft_index(level_);
    PerCpu* cpu = &this_cpu();
    cpu->bottom_half[index] = nullptr;
    state_ = ThreadState::running;
    SoftQueue& queue = cpu->soft[index];
    ThreadStart::with_token([&](MayBlock const& context) {
        do {
            splx(Spl{base_spl_});  // higher levels may interrupt from here on
            while (Continuation* const next = Continuation::take(queue)) {
                next->function_(context, next->owner_);
            }
            (void)splraise(Ipl::softserial);
            // A push after the last take has marked `attention`; one that came before is seen here.
        } while (queue.stub.next != nullptr);
    });
    cpu->bottom_half[index] = this;
    Thread* const pinned = pinned_;
    pinned_ = nullptr;
    return pinned;
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

pivot::Thread* pivot_bottom_half_main(pivot::Thread* self) {
    return static_cast<pivot::BottomHalf*>(self)->run();
}
