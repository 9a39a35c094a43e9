// The host stacks of simulated threads, and the switch from one to another.
//
// Who: the port. release_fibers: tests, between two machines. Lock order: none; the list of stacks
// has a lock of its own, for CPUs that are host threads.
//
// The kernel's static stacks are sized for the target. C++ of the host, GoogleTest and sanitizers
// need more, so each kernel thread gets a host stack beside its own, found through Thread's first
// field.
#pragma once

#include <ucontext.h>
#include <csetjmp>

#include <atomic>

#include "kern/base/percpu.hpp"

namespace pivot::sim {

// What stands for the saved registers of a thread that does not run.
struct Fiber {
    ucontext_t context{};
    std::jmp_buf left{};
    bool begun = true;  // `left` holds where it goes on; otherwise `context` does
    // From being switched to until its registers are saved again: a CPU that switches to a fiber
    // which still runs on another would run two CPUs on one stack.
    std::atomic<bool> runs = false;
    void* stack = nullptr;  // null: the host thread's own
    void* sanitizer = nullptr;
    const void* bottom = nullptr;
    usize size = 0;
    u32 slot = 0;           // of a bottom half: what it drains
    bool straight = false;  // and whether an interrupt of a thread at SPL none brought us

    Fiber() = default;
    Fiber(Fiber const&) = delete;
    Fiber& operator=(Fiber const&) = delete;
    ~Fiber();
};

// The fiber of a thread, made when it is first asked for.
[[nodiscard]] Fiber& fiber_of(Thread* thread);

// The next switch to `fiber` calls `entry(thread)` on the top of its stack.
void start_at_top(Fiber& fiber, Thread* thread, void (*entry)(Thread*));

// This CPU leaves one thread and goes on with another.
void go(Fiber& from, Fiber& to);
// The same, when nothing of `from` will be needed again: its stack is used from the top next time.
[[noreturn]] void go_for_good(Fiber& from, Fiber& to);

// Goes on with `to` while `from` stays what its CPU runs: another CPU's turn (arch/host/world.hpp).
void pause_for(Fiber& from, Fiber& to);

// Frees the stacks of all threads. None of them may run again.
void release_fibers();

// From interrupt exit, masked, at SPL none: enters the bottom half of the highest level that waits.
// False if it is not at home or has no work. Returns when the interrupted thread goes on.
[[nodiscard]] bool interrupt_to_bottom_half(PerCpu& cpu);

}  // namespace pivot::sim
