// Threads: static objects with static stacks and fixed priorities.
//
// Who: start, yield, sleep_until: threads. current(): both. Lock order: none of its own; the
// scheduler's data is guarded by holding off preemption on its CPU (SPL softserial), never by
// masking interrupts, because a top half never touches the scheduler.
//
// A thread's function takes the MayBlock token that thread start makes, and its argument by
// reference.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/stack.hpp"
#include "kern/callout.hpp"
#include "kern/thread_start.hpp"

namespace pivot {

// `ready` covers the running thread, too: which one that is, PerCpu::current says.
// It is 0 because making ready is on the way from an interrupt to a thread: XZR needs no MOV.
enum class ThreadState : u8 { ready, unstarted, blocked, sleeping, exited };

enum class [[nodiscard]] ThreadError : u8{none, already_started, bad_priority};

inline constexpr u32 kIdlePriority = 0;

// The priorities above the ordinary ones belong to the bottom halves, softclock lowest.
inline constexpr u32 kRunLevels = kThreadPriorities + kSoftLevels;

class Thread {
  public:
    constexpr explicit Thread(const char* name) : name_(name) {}
    Thread(Thread const&) = delete;
    Thread& operator=(Thread const&) = delete;

    // Makes the thread ready on this CPU; it runs `Fn(MayBlock const&, T&)` and exits when that
    // returns.
    template <auto Fn, typename T, usize Bytes>
    ThreadError start(StackMemory<Bytes>& stack, u32 priority, T& argument) {
        if (priority == kIdlePriority) {
            return ThreadError::bad_priority;
        }
        return start_erased(stack.bottom(), stack.top(), priority, &ThreadStart::run<Fn, T>,
                            &argument);
    }

    // The same for a CPU's idle thread, which alone has the lowest priority and never yields.
    template <auto Fn, typename T, usize Bytes>
    ThreadError start_idle(StackMemory<Bytes>& stack, T& argument) {
        return start_erased(stack.bottom(), stack.top(), kIdlePriority, &ThreadStart::run<Fn, T>,
                            &argument);
    }

    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] u32 priority() const { return priority_; }
    [[nodiscard]] ThreadState state() const { return state_; }
    [[nodiscard]] uptr stack_bottom() const { return stack_bottom_; }
    [[nodiscard]] uptr stack_top() const { return stack_top_; }
    // The SPL at which it runs when it has raised nothing: none, or a bottom half's level.
    [[nodiscard]] u64 base_spl() const { return base_spl_; }
    [[nodiscard]] bool is_bottom_half() const { return priority_ >= kThreadPriorities; }
    // A bottom half's place in PerCpu's arrays.
    [[nodiscard]] u32 priority_slot() const { return kRunLevels - 1 - priority_; }
    [[nodiscard]] Thread* next_of_all() const { return all_next_; }
    // The first of all threads that have been started, in no particular order.
    [[nodiscard]] static Thread* all();

  protected:
    friend struct RunQueue;
    friend struct WaitList;
    friend class Clock;
    friend struct ThreadLayout;
    friend class Scheduler;
    friend class BottomHalf;

    ThreadError start_erased(uptr bottom, uptr top, u32 priority, void (*entry)(void*),
                             void* argument);
    void enlist();                                                 // into all()
    static void wake_from_sleep(MayWake const&, Thread& sleeper);  // kern/clock.cpp

    // The first six are read by switch.S (frame.hpp).
    uptr sp_ = 0;
    uptr stack_top_ = 0;
    u64 base_spl_ = 0;          // the SPL at which this thread may block: none, or its soft level
    Thread* pinned_ = nullptr;  // whom this bottom half interrupted, while it has not blocked
    uptr pinned_sp_ = 0;        // and where that one's SwitchFrame is
    volatile u8* mark_ = nullptr;  // a bottom half's byte of `attention`
    Thread* next_ = nullptr;       // in a run queue or wait queue
    u32 priority_ = 0;
    ThreadState state_ = ThreadState::unstarted;
    void (*entry_)(void*) = nullptr;
    void* argument_ = nullptr;
    uptr stack_bottom_ = 0;
    const char* name_;
    Thread* all_next_ = nullptr;
    Callout timeout_ = Callout::to<&wake_from_sleep>(*this, name_);  // while sleeping
};

[[nodiscard]] inline Thread& current_thread() { return *port::Cpu::current(); }

inline void ThreadStart::check_continuation_end() {
    PIVOT_REQUIRE(this_cpu().spl == current_thread().base_spl(),
                  "a continuation returned with another SPL");
    PIVOT_REQUIRE(this_cpu().held == nullptr, "a continuation returned holding a spin mutex");
}

}  // namespace pivot
