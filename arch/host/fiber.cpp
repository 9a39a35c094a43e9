// Some distributions compile with a longjmp that refuses to go to another stack.
#undef _FORTIFY_SOURCE

#include "arch/host/fiber.hpp"

#include <sys/mman.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "arch/host/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/stack.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#elif defined(__SANITIZE_THREAD__)
#include <sanitizer/tsan_interface.h>
#endif

namespace pivot::sim {
namespace {

constexpr usize kHostStack = 256 * 1024;

struct Stacks {
    std::mutex mutex;
    std::vector<std::unique_ptr<Fiber>> fibers;
    std::vector<void*> spare;  // mapped once, used by one machine after another
};

Stacks& stacks() {
    static Stacks all;
    return all;
}

// Whom the running fiber was switched to from. Behind a call: a fiber that goes on upon another
// host thread must not use the address that it found upon the first.
struct Left {
    Fiber* fiber = nullptr;
    bool thread = false;  // left by its CPU, too: its registers are saved, anyone may have it
};
thread_local Left t_left;
[[gnu::noinline]] Left& left() {
    asm volatile("");
    return t_left;
}

void* take_stack() {
    std::lock_guard const guard(stacks().mutex);
    if (!stacks().spare.empty()) {
        void* const stack = stacks().spare.back();
        stacks().spare.pop_back();
        return stack;
    }
    void* const stack = mmap(nullptr, kHostStack, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    PIVOT_REQUIRE(stack != MAP_FAILED, "no memory for a thread's host stack");
    mprotect(stack, kPage, PROT_NONE);  // the guard page
    return stack;
}

void give_stack(Fiber& fiber) {
    if (fiber.stack == nullptr) {
        fiber.stack = take_stack();
        fiber.bottom = static_cast<u8*>(fiber.stack) + kPage;
        fiber.size = kHostStack - kPage;
#if defined(__SANITIZE_THREAD__)
        fiber.sanitizer = __tsan_create_fiber(0);
#endif
    }
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(fiber.bottom, fiber.size);
#endif
}

// Called first on every stack that has been switched to.
void arrived([[maybe_unused]] Fiber& here) {
#if defined(__SANITIZE_ADDRESS__)
    Fiber& from = *left().fiber;
    __sanitizer_finish_switch_fiber(here.sanitizer, &from.bottom, &from.size);
#endif
    if (left().thread) {
        left().fiber->runs.store(false, std::memory_order_release);
    }
}

// _setjmp and _longjmp switch without a system call; a stack is entered by setcontext. Sanitizers
// look at longjmp and would find it leave the stack, so they get swapcontext.
void change_stacks(Fiber& from, Fiber& to) {
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(&from.sanitizer, to.bottom, to.size);
    swapcontext(&from.context, &to.context);
#elif defined(__SANITIZE_THREAD__)
    if (from.sanitizer == nullptr) {
        from.sanitizer = __tsan_get_current_fiber();
    }
    __tsan_switch_to_fiber(to.sanitizer, 0);
    swapcontext(&from.context, &to.context);
#else
    if (_setjmp(from.left) == 0) {
        if (std::exchange(to.begun, true)) {
            _longjmp(to.left, 1);
        }
        setcontext(&to.context);
    }
#endif
}

using Entry = void (*)(Thread*);

// makecontext passes ints: a pointer travels as two halves.
void begin(unsigned thread_high, unsigned thread_low, unsigned entry_high, unsigned entry_low) {
    auto join = [](unsigned high, unsigned low) { return u64{high} << 32 | low; };
    auto* const thread = reinterpret_cast<Thread*>(join(thread_high, thread_low));
    arrived(fiber_of(thread));
    reinterpret_cast<Entry>(join(entry_high, entry_low))(thread);
}

}  // namespace

Fiber::~Fiber() {
    if (stack != nullptr) {
        stacks().spare.push_back(stack);
#if defined(__SANITIZE_THREAD__)
        __tsan_destroy_fiber(sanitizer);
#endif
    }
}

Fiber& fiber_of(Thread* thread) {
    uptr& sp = *reinterpret_cast<uptr*>(reinterpret_cast<u8*>(thread) + THREAD_SP);
    if (sp == 0) {
        std::lock_guard const guard(stacks().mutex);
        stacks().fibers.push_back(std::make_unique<Fiber>());
        sp = reinterpret_cast<uptr>(stacks().fibers.back().get());
    }
    return *reinterpret_cast<Fiber*>(sp);
}

void start_at_top(Fiber& fiber, Thread* thread, Entry entry) {
    give_stack(fiber);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack;
    fiber.context.uc_stack.ss_size = kHostStack;
    fiber.context.uc_link = nullptr;
    fiber.begun = false;
#if defined(__SANITIZE_ADDRESS__)
    fiber.sanitizer = nullptr;
#endif
    u64 const t = reinterpret_cast<u64>(thread);
    u64 const e = reinterpret_cast<u64>(entry);
    auto high = [](u64 value) { return static_cast<unsigned>(value >> 32); };
    auto low = [](u64 value) { return static_cast<unsigned>(value); };
    makecontext(&fiber.context, reinterpret_cast<void (*)()>(&begin), 4, high(t), low(t), high(e),
                low(e));
}

void go(Fiber& from, Fiber& to) {
    PIVOT_REQUIRE(!to.runs.exchange(true, std::memory_order_acq_rel),
                  "a thread is switched to that another CPU still runs");
    if (SimCpu* const here = cpu(); here != nullptr) {
        here->fiber = &to;
    }
    left() = Left{&from, true};
    change_stacks(from, to);
    arrived(from);
}

void go_for_good(Fiber& from, Fiber& to) {
    go(from, to);
    panic("a thread that was left for good is running again");
}

void pause_for(Fiber& from, Fiber& to) {
    left() = Left{&from, false};
    change_stacks(from, to);
    arrived(from);
}

void release_fibers() {
    std::lock_guard const guard(stacks().mutex);
    stacks().fibers.clear();
}

}  // namespace pivot::sim
