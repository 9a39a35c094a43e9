// Thread switches: step for step what arch/aarch64/switch.S does.
#include "arch/contract/upcalls.hpp"
#include "arch/host/cpu.hpp"
#include "arch/host/fiber.hpp"
#include "kern/base/assert.hpp"

namespace pivot::sim {
namespace {

template <typename T>
T& field(Thread* thread, usize offset) {
    return *reinterpret_cast<T*>(reinterpret_cast<u8*>(thread) + offset);
}

// The drain loop of arch/contract/cpu.hpp, on the bottom half's stack. `first` was read before the
// SPL fell; what is pushed from then on lands behind it. With a point wherever switch.S has two
// instructions that an interrupt could come between.
void drain(PerCpu& cpu, Thread* self, u32 slot, bool straight) {
    u64 base = field<u64>(self, THREAD_BASE_SPL);
    u64 rounds = 0;
    Link* first = cpu.soft_first[slot].next;
    do {
        cpu.spl = base;
        if (straight) {
            straight = false;
            sim::cpu()->masked = false;  // nothing above was marked while interrupts were masked
        } else if (point(); (cpu.attention & ~base) != 0) {
            pivot_attend(base);
        }
        point();
        cpu.soft_first[slot].next = nullptr;
        point();
        Link* const last =
            __atomic_exchange_n(&cpu.soft_last[slot], &cpu.soft_first[slot], __ATOMIC_ACQ_REL);
        for (bool more = true; more;) {
            point();
            auto* const call = static_cast<SoftCall*>(first);
            void* const owner = call->owner;
            more = first != last;
            point();
            SoftRun const run = let_go(*call);
            first = run.next;
            point();
            run.function(self, owner);
        }
        point();
        cpu.spl = SPL_SOFT;
        point();
        *field<volatile u8*>(self, THREAD_MARK) = 0;  // cleared, and then looked
        point();
        first = cpu.soft_first[slot].next;
        if (first != nullptr) {
            base = pivot_bottom_half_more(++rounds);
        }
    } while (first != nullptr);
}

// Who goes on when a bottom half is done.
Thread* successor(PerCpu& cpu, Thread* self, bool straight) {
    auto* const pinned = field<Thread*>(self, THREAD_PINNED);
    if (pinned == nullptr) {
        return pivot_bottom_half_retire(self);
    }
    if (straight && cpu.standby != nullptr) {
        field<uptr>(pinned, THREAD_SP) = field<uptr>(self, THREAD_PINNED_SP);
        return pivot_preempt_pinned(pinned);
    }
    if (cpu.resched != 0) {
        reinterpret_cast<volatile u8*>(&cpu.attention)[ATTENTION_SOFTCLOCK] = kMark;
    }
    return pinned;
}

void bottom_half(Thread* self) {
    Fiber const& fiber = fiber_of(self);
    PerCpu& cpu = port::Cpu::this_cpu();
    drain(cpu, self, fiber.slot, fiber.straight);
    point();
    Thread* const next = successor(cpu, self, fiber.straight);
    far_point();
    __atomic_store_n(&cpu.current, next, __ATOMIC_RELAXED);
    far_point();
    go_for_good(fiber_of(self), fiber_of(next));
}

// switch.S: onto_bottom_half. Comes back when the interrupted thread goes on.
void onto_bottom_half(PerCpu& cpu, u32 slot, bool straight) {
    Thread* const self = cpu.bottom_half[slot];
    Thread* const interrupted = cpu.current;
    Fiber& from = fiber_of(interrupted);
    Fiber& to = fiber_of(self);
    to.slot = slot;
    to.straight = straight;
    field<Thread*>(self, THREAD_PINNED) = interrupted;
    field<uptr>(self, THREAD_PINNED_SP) = reinterpret_cast<uptr>(&from);
    start_at_top(to, self, &bottom_half);
    __atomic_store_n(&cpu.current, self, __ATOMIC_RELAXED);
    far_point();
    go(from, to);
}

}  // namespace

bool interrupt_to_bottom_half(PerCpu& cpu) {
    u32 const slot = static_cast<u32>(__builtin_clzll(cpu.attention)) / 8;
    Thread* const self = cpu.bottom_half[slot];
    if (self == nullptr || cpu.soft_first[slot].next == nullptr) {
        return false;
    }
    onto_bottom_half(cpu, slot, true);
    return true;
}

}  // namespace pivot::sim

namespace pivot::port {

using namespace sim;

uptr Cpu::prepare_stack(Thread* thread, uptr, void (*entry)(Thread*)) {
    Fiber& fiber = fiber_of(thread);
    start_at_top(fiber, thread, entry);
    return reinterpret_cast<uptr>(&fiber);
}

void Cpu::switch_threads(Thread* from, Thread* to) {
    far_point();
    __atomic_store_n(&this_cpu().current, to, __ATOMIC_RELAXED);
    far_point();  // `current` and the stack disagree here: it does not matter to a top half
    go(fiber_of(from), fiber_of(to));
    point();
}

void Cpu::enter_bottom_half(u32 slot) {
    point();
    onto_bottom_half(this_cpu(), slot, false);
    point();
}

}  // namespace pivot::port
