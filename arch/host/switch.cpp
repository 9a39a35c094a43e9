// Thread switches, by ucontext: step for step what arch/aarch64/switch.S does.
//
// The kernel's static stacks are sized for the target. C++ of the host, GoogleTest and sanitizers
// need more, so each kernel thread gets a host stack beside its own, found through Thread's first
// field.
#include <sys/mman.h>
#include <ucontext.h>

#include <memory>
#include <vector>

#include "arch/contract/upcalls.hpp"
#include "arch/host/cpu.hpp"
#include "arch/host/fiber.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/stack.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

namespace pivot::sim {
namespace {

constexpr usize kHostStack = 256 * 1024;

// What stands for the saved registers of a thread that does not run.
struct Fiber {
    ucontext_t context{};
    void* stack = nullptr;  // null: the host thread's own, of the thread that boots
    void* fake_stack = nullptr;
    const void* bottom = nullptr;
    usize size = 0;
    u32 slot = 0;           // of a bottom half: what it drains
    bool straight = false;  // and whether an interrupt of a thread at SPL none brought us

    Fiber() = default;
    Fiber(Fiber const&) = delete;
    Fiber& operator=(Fiber const&) = delete;
    ~Fiber() {
        if (stack != nullptr) {
            munmap(stack, kHostStack);
        }
    }
};

thread_local std::vector<std::unique_ptr<Fiber>> t_fibers;
thread_local Fiber* t_left = nullptr;  // whom the running fiber was switched to from

template <typename T>
T& field(Thread* thread, usize offset) {
    return *reinterpret_cast<T*>(reinterpret_cast<u8*>(thread) + offset);
}

Fiber& fiber_of(Thread* thread) {
    uptr& sp = field<uptr>(thread, THREAD_SP);
    if (sp == 0) {
        t_fibers.push_back(std::make_unique<Fiber>());
        sp = reinterpret_cast<uptr>(t_fibers.back().get());
    }
    return *reinterpret_cast<Fiber*>(sp);
}

void give_stack(Fiber& fiber) {
    if (fiber.stack == nullptr) {
        fiber.stack = mmap(nullptr, kHostStack, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        mprotect(fiber.stack, kPage, PROT_NONE);  // the guard page
        fiber.bottom = static_cast<u8*>(fiber.stack) + kPage;
        fiber.size = kHostStack - kPage;
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.bottom, fiber.size);
#endif
}

// Called first on every stack that has been switched to.
void arrived(Fiber& here) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(here.fake_stack, &t_left->bottom, &t_left->size);
#endif
    (void)here;
}

void go(Fiber& from, Fiber& to) {
    t_left = &from;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from.fake_stack, to.bottom, to.size);
#endif
    swapcontext(&from.context, &to.context);
    arrived(from);
}

// The same, when nothing of `from` will be needed again: its stack is used from the top next time.
[[noreturn]] void go_for_good(Fiber& from, Fiber& to) {
    go(from, to);
    panic("a thread that was left for good is running again");
}

using Entry = void (*)(Thread*);

// makecontext passes ints: a pointer travels as two halves.
void begin(unsigned thread_high, unsigned thread_low, unsigned entry_high, unsigned entry_low) {
    auto join = [](unsigned high, unsigned low) { return u64{high} << 32 | low; };
    auto* const thread = reinterpret_cast<Thread*>(join(thread_high, thread_low));
    arrived(fiber_of(thread));
    reinterpret_cast<Entry>(join(entry_high, entry_low))(thread);
}

void start_at_top(Fiber& fiber, Thread* thread, Entry entry) {
    give_stack(fiber);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kHostStack;
    fiber.context.uc_link = nullptr;
    fiber.fake_stack = nullptr;
    u64 const t = reinterpret_cast<u64>(thread);
    u64 const e = reinterpret_cast<u64>(entry);
    auto high = [](u64 value) { return static_cast<unsigned>(value >> 32); };
    auto low = [](u64 value) { return static_cast<unsigned>(value); };
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&begin), 4, high(t), low(t), high(e),
                low(e));
}

// The drain loop of arch/contract/cpu.hpp, on the bottom half's stack. `first` was read before the
// SPL fell; what is pushed from then on lands behind it. With a point wherever switch.S has two
// instructions that an interrupt could come between.
void drain(PerCpu& cpu, Thread* self, u32 slot, bool straight) {
    u64 const base = field<u64>(self, THREAD_BASE_SPL);
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
            auto* const call = static_cast<QueuedCall*>(first);
            more = first != last;
            first = call->next;
            point();
            __atomic_store_n(&call->next, nullptr, __ATOMIC_RELEASE);
            point();
            call->function(self, call->owner);
        }
        point();
        cpu.spl = SPL_SOFT;
        point();
        *field<volatile u8*>(self, THREAD_MARK) = 0;  // cleared, and then looked
        point();
        first = cpu.soft_first[slot].next;
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
    return pinned;
}

void bottom_half(Thread* self) {
    Fiber const& fiber = fiber_of(self);
    PerCpu& cpu = port::Cpu::this_cpu();
    drain(cpu, self, fiber.slot, fiber.straight);
    point();
    Thread* const next = successor(cpu, self, fiber.straight);
    point();
    cpu.current = next;
    point();
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
    cpu.current = self;
    point();
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

void release_fibers() { t_fibers.clear(); }

}  // namespace pivot::sim

namespace pivot::port {

using namespace sim;

uptr Cpu::prepare_stack(Thread* thread, uptr, void (*entry)(Thread*)) {
    Fiber& fiber = fiber_of(thread);
    start_at_top(fiber, thread, entry);
    return reinterpret_cast<uptr>(&fiber);
}

void Cpu::switch_threads(Thread* from, Thread* to) {
    point();
    this_cpu().current = to;
    point();  // `current` and the stack disagree here: it does not matter to a top half
    go(fiber_of(from), fiber_of(to));
    point();
}

void Cpu::enter_bottom_half(u32 slot) {
    point();
    onto_bottom_half(this_cpu(), slot, false);
    point();
}

void Cpu::read_held_and_spl(SpinMutexBase*& held, u64& spl) {
    point();
    held = this_cpu().held;
    spl = this_cpu().spl;
}

void Cpu::write_held_and_spl(SpinMutexBase* held, u64 spl) {
    point();
    this_cpu().held = held;
    this_cpu().spl = spl;
}

bool Cpu::acquire_if_zero(u64* word, u64 value) {
    point();
    u64 expected = 0;
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

bool Cpu::try_lock_word(u64* word, u64& value) {
    point();
    value = __atomic_load_n(word, __ATOMIC_RELAXED);
    return (value & 1) == 0 && __atomic_compare_exchange_n(word, &value, value | 1, false,
                                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

u64 Cpu::lock_word(u64* word) {
    u64 value;
    while (!try_lock_word(word, value)) {
        relax();
    }
    return value;
}

void Cpu::wait_for_change(u64 const*, u64) { relax(); }

// One simulated CPU: a call to itself.
void Cpu::interrupt_cpu(PerCpu const&, u32 sgi) {
    SimController::pend(sgi);
    point();
}

}  // namespace pivot::port
