// Threads: static objects with static stacks and fixed priorities.
//
// Who: as each operation says; current_thread(): both. Lock order: none of its own. A thread
// belongs to its *home* CPU: that CPU alone, with preemption held off (SPL softserial), touches
// what the scheduler keeps of it. Other CPUs ask by a call (kern/cross_call.hpp). Interrupts are
// never masked for it, because a top half never touches the scheduler.
//
// A thread's function takes the MayBlock token that thread start makes, and its argument by
// reference.
//
// Three priorities: the *base* one is what start and set_priority say; the *effective* one is that
// or what waiters for its mutexes lend it (mutex/turnstile.hpp); the run queues sort by
// `priority_`, which is the effective one, or 0 while the thread must not be queued (it is
// suspended, or is to move). Nobody but idle runs at 0, so one comparison that is made anyway finds
// both cases.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/stack.hpp"
#include "kern/callout.hpp"
#include "kern/cross_call.hpp"
#include "kern/thread_start.hpp"
#include "kern/wait_queue.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/turnstile.hpp"

namespace pivot {

// `ready` covers the running thread, too: which one that is, PerCpu::current says.
// It is 0 because making ready is on the way from an interrupt to a thread: XZR needs no MOV.
// `suspended`: would be ready, but for suspend().
enum class ThreadState : u8 { ready, unstarted, blocked, sleeping, suspended, exited };

// What a request about a thread may be refused for.
enum class [[nodiscard]] ThreadError : u8{
    none,
    already_started,  // and has not exited yet
    bad_priority,     // 0 is idle's, 32 and up are the bottom halves'
    no_such_cpu,      // not online, or an empty set of CPUs
    not_started,
    joins_itself,   // would wait for ever
    exited,         // there is nothing left to change
    kernel_thread,  // idle or a bottom half: it is what it is
};

// The idle threads' own.
inline constexpr u32 kIdlePriority = 0;
// What a bottom half runs at when its level has spent its budget (intr/bottom_half.hpp).
inline constexpr u32 kDemotedPriority = 1;

// The priorities above the ordinary ones belong to the bottom halves, softclock lowest.
inline constexpr u32 kRunLevels = kThreadPriorities + kSoftLevels;

// A thread: a static object, with a stack that it is given at its start. Aligned so that its
// address leaves room for an adaptive mutex's flags.
class alignas(16) Thread {
  public:
    constexpr explicit Thread(const char* name)
        : wake_call_(CrossCall::to<&Thread::wake_here>(*this)),
          change_call_(CrossCall::to<&Thread::change_here>(*this)),
          timeout_(Callout::to<&Thread::time_is_over>(*this, name)),
          name_(name) {}
    Thread(Thread const&) = delete;
    Thread& operator=(Thread const&) = delete;

    // Makes the thread ready on this CPU; it runs `Fn(MayBlock const&, T&)` and exits when that
    // returns. After that it may be started again. Threads.
    template <auto Fn, typename T, usize Bytes>
    ThreadError start(StackMemory<Bytes>& stack, u32 priority, T& argument) {
        return start_on<Fn>(this_cpu(), stack, priority, argument);
    }

    // The same on a chosen CPU, which becomes its home. It does not leave it unless set_affinity
    // says so.
    template <auto Fn, typename T, usize Bytes>
    ThreadError start_on(PerCpu& cpu, StackMemory<Bytes>& stack, u32 priority, T& argument) {
        if (priority == kIdlePriority) {
            return ThreadError::bad_priority;
        }
        return start_erased(cpu, stack.bottom(), stack.top(), priority, &ThreadStart::run<Fn, T>,
                            &argument);
    }

    // The same for a CPU's idle thread, which alone has the lowest priority and never yields.
    template <auto Fn, typename T, usize Bytes>
    ThreadError start_idle(StackMemory<Bytes>& stack, T& argument) {
        return start_erased(this_cpu(), stack.bottom(), stack.top(), kIdlePriority,
                            &ThreadStart::run<Fn, T>, &argument);
    }

    // Waits until the thread has exited; its stack may be used for something else then.
    ThreadError join(MayBlock const& context);

    // Threads, for any thread. In force when they return, wherever the thread runs. A suspended
    // thread that holds a mutex keeps it.
    ThreadError suspend(MayBlock const& context);
    ThreadError resume(MayBlock const& context);
    ThreadError set_priority(MayBlock const& context, u32 priority);

    // On which CPUs it may run, a bit each. It moves at once if it is on another one. With more
    // than one, it also goes to a CPU that is idle when it would have to wait on its own.
    ThreadError set_affinity(MayBlock const& context, u64 cpus);

    // Gives way to others of its priority when it has run for `ticks` of the counter (0: only when
    // it yields). From the next time on that one of them becomes ready; also before the start.
    void set_time_slice(MayWake const&, u64 ticks);

    // What reports call it.
    [[nodiscard]] const char* name() const { return name_; }
    // The effective one.
    [[nodiscard]] u32 priority() const { return atomic::load_relaxed(&turn_.effective); }
    // What start or set_priority said.
    [[nodiscard]] u32 base_priority() const { return atomic::load_relaxed(&turn_.base); }
    // It may change at once, but for current_thread()'s.
    [[nodiscard]] ThreadState state() const { return atomic::load_relaxed(&state_); }
    // Its stack's lowest address; 0 before the first start.
    [[nodiscard]] uptr stack_bottom() const { return stack_bottom_; }
    // Where its stack begins to grow down.
    [[nodiscard]] uptr stack_top() const { return stack_top_; }
    // The most of its stack that it has used, bytes; exact but for a deepest word that happens to
    // look unused.
    [[nodiscard]] usize stack_used() const;
    // Where it runs, or will when it is ready. May change at any time for a thread that may move.
    [[nodiscard]] PerCpu& home() const { return *atomic::load_relaxed(&cpu_); }
    // The CPUs that it may run on, a bit each.
    [[nodiscard]] u64 affinity() const { return atomic::load_relaxed(&affinity_); }
    // The SPL at which it runs when it has raised nothing: none, or a bottom half's level.
    [[nodiscard]] u64 base_spl() const { return base_spl_; }
    // Whether it is a bottom half.
    [[nodiscard]] bool is_bottom_half() const { return base_spl_ != 0; }
    // A bottom half's place in PerCpu's arrays.
    [[nodiscard]] u32 slot() const { return slot_; }
    // The one after it in all(); null: it is the last.
    [[nodiscard]] Thread* next_of_all() const { return all_next_; }
    // The order checker's list of what it owns; empty where the build is not checked.
    [[nodiscard]] LocksOwned& locks_owned() { return locks_owned_; }
    // The first of all threads that have been started, in no particular order.
    [[nodiscard]] static Thread* all();
    // There are none, again: for tests, between two machines.
    static void forget_all() { all_ = nullptr; }

  protected:
    friend struct RunQueue;
    friend class WaitQueue;
    friend class Clock;
    friend struct ThreadLayout;
    friend class Scheduler;
    friend class BottomHalf;
    friend TurnRecord& turn_record(Thread& thread);

    // A bottom half's priority, but while it is demoted.
    [[nodiscard]] u32 undemoted_priority() const { return kRunLevels - 1 - slot_; }

    ThreadError start_erased(PerCpu& cpu, uptr bottom, uptr top, u32 priority, void (*entry)(void*),
                             void* argument);
    void enlist();  // into all()
    [[nodiscard]] bool claim_from(ThreadState state);
    void settle(PerCpu& cpu, uptr bottom, uptr top, u32 priority);
    // Of what has been painted, stack_used sees what has been used since.
    static void paint_stack(uptr bottom, uptr top);

    // What its calls do when they arrive at its home.
    static void wake_here(MayWake const&, Thread& thread);
    static void change_here(MayWake const&, Thread& thread);
    static void announce_exit(MayWake const&, Thread& thread);
    static void time_is_over(MayWake const&, Thread& thread);

    enum class Wanted : u8 { suspension, affinity, priority };
    ThreadError change(MayBlock const& context, Wanted what, u64 value);
    void note_changes_made();

    // Read by switch.S (frame.hpp).
    uptr sp_ = 0;
    uptr stack_top_ = 0;
    u64 base_spl_ = 0;          // the SPL at which this thread may block: none, or its soft level
    Thread* pinned_ = nullptr;  // whom this bottom half interrupted, while it has not blocked
    uptr pinned_sp_ = 0;        // and where that one's SwitchFrame is
    volatile u8* mark_ = nullptr;      // a bottom half's byte of `attention`
    u64 const soft_held_ = kSoftHeld;  // a constant that switch.S loads along with `mark_`
    Thread* next_ = nullptr;           // in a run queue or wait queue
    u32 priority_ = 0;                 // as the run queues see it
    ThreadState state_ = ThreadState::unstarted;  // blocked: guarded by the lock of waiting_on_
    u8 slot_ = 0;                                 // of a bottom half
    bool timed_out_ = false;                      // how the last wait with a deadline ended
    bool suspended_ = false;
    PerCpu* cpu_ = nullptr;  // home

    WaitQueue* waiting_on_ = nullptr;  // while blocked; null: a mutex, whose turnstile knows
    void* wait_record_ = nullptr;      // what for; guarded by its lock
    // Guarded by the turnstiles' lock, like turn_.
    TurnRecord turn_;
    u32 changes_wanted_ = 0;
    u32 changes_made_ = 0;
    u64 affinity_ = 0;

    PerCpu* moves_to_ = nullptr;  // home CPU: where it goes when it is next off its stack
    u64 slice_ = 0;               // ticks; 0: FIFO
    CrossCall wake_call_;         // its wake-up, from another CPU
    CrossCall change_call_;       // and a change of what is wanted of it
    Callout timeout_;             // ends a wait with a deadline
    WaitQueue joiners_;
    WaitQueue changers_;  // who waits for a change to be made; guards changes_made_
    void (*entry_)(void*) = nullptr;
    void* argument_ = nullptr;
    uptr stack_bottom_ = 0;
    const char* name_;
    Thread* all_next_ = nullptr;
    static inline constinit Thread* all_ = nullptr;
    // Checked builds only:
    bool gave_way_ = false;  // it left its CPU in Scheduler::give_way, not at an interrupt's end
    [[no_unique_address]] LocksOwned locks_owned_{};
};

// The thread that runs here; in a top half the one that was interrupted. Both.
[[nodiscard]] inline Thread& current_thread() { return *port::Cpu::current(); }

// If it blocked, whoever it interrupted has gone on, and nobody on this CPU holds anything now.
inline void ThreadStart::check_continuation_end(SpinMutexBase const* held_before) {
    PIVOT_REQUIRE(this_cpu().spl == current_thread().base_spl(),
                  "a continuation returned with another SPL");
    PIVOT_REQUIRE(this_cpu().held == held_before || this_cpu().held == nullptr,
                  "a continuation returned holding a spin mutex");
}

}  // namespace pivot
