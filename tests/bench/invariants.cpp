#include "tests/bench/invariants.hpp"

#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/callout.hpp"
#include "kern/sched.hpp"
#include "mutex/lock_class.hpp"

namespace pivot::inject {
namespace {

constexpr u32 kMostThreads = 64;

struct ThreadSeen {
    Thread const* thread;
    ThreadState state;
    u32 priority;
};

struct State {
    Thread* current;
    Thread* newest;  // of all threads
    u64 ready;       // the priorities that somebody is queued at
    u32 armed;       // callouts
    u32 threads;
    ThreadSeen seen[kMostThreads];
};
constinit State g_state{};

void require(bool holds, const char* name, const char* what, const char* whose = "") {
    if (!holds) {
        log("FAILED after {}: {} {}", name, what, whose);
        machine_exit(1);
    }
}

void check_levels(PerCpu const& cpu, const char* name) {
    require(cpu.spl == 0, name, "the SPL is not back at none");
    require(static_cast<u32>(cpu.mask) == 0, name, "the controller's mask is still raised");
    require(static_cast<u32>(cpu.hardware) == 0, name, "the record of the mask is still raised");
    require(cpu.attention == 0, name, "something still waits for attention");
    require(cpu.nesting == 0, name, "the nesting count is not 0");
    require(!Board::Controller::is_active(Board::kPhysicalTimerLine.intid()), name,
            "the line is still active");
}

void check_bottom_halves(PerCpu const& cpu, const char* name) {
    for (u32 slot = 0; slot < kSoftLevels; ++slot) {
        require(cpu.bottom_half[slot] != nullptr, name, "a bottom half is still away");
        require(cpu.soft_first[slot].next == nullptr, name, "a continuation was left queued");
        require(cpu.soft_last[slot] == &cpu.soft_first[slot], name, "a queue's end is astray");
    }
    require(cpu.calls == nullptr, name, "a call from a CPU was left queued");
}

void check_scheduler(PerCpu const& cpu, const char* name) {
    require(cpu.standby == nullptr, name, "a thread was left standing by");
    require(cpu.resched == 0, name, "the scheduler was asked for something and has not looked");
    require(cpu.current == g_state.current, name, "another thread is current");
    require(cpu.threshold == g_state.current->priority(), name,
            "the threshold is not the thread's priority");
    require(cpu.run->occupied == g_state.ready, name, "the run queue is not as it was");
    require(Callout::armed_count(cpu.id) == g_state.armed, name,
            "more or fewer callouts are armed than before");
}

void check_threads(const char* name) {
    for (Thread* thread = Thread::all(); thread != g_state.newest; thread = thread->next_of_all()) {
        require(thread->state() == ThreadState::exited, name, "it has not exited:", thread->name());
    }
    for (u32 i = 0; i < g_state.threads; ++i) {
        ThreadSeen const& seen = g_state.seen[i];
        Thread const& thread = *seen.thread;
        require(thread.state() == seen.state, name, "in another state than before:", thread.name());
        require(thread.base_priority() == seen.priority, name,
                "its base priority is not as before:", thread.name());
        require(thread.priority() == seen.priority, name, "a priority is still lent to",
                thread.name());
    }
}

// All locks that were ever used: nobody holds one, and no bit says that somebody waits.
void check_locks(PerCpu const& cpu, const char* name) {
    require(cpu.held == nullptr, name, "a spin mutex is still held");
    for (LockInfo const* lock = LockClass::first_lock(); lock != nullptr; lock = lock->next) {
        require((lock->word & ~lock->counted()) == 0, name, "a lock is not free:", lock->name);
    }
}

}  // namespace

void remember_state() {
    PerCpu const& cpu = this_cpu();
    g_state.current = cpu.current;
    g_state.newest = Thread::all();
    g_state.ready = cpu.run->occupied;
    g_state.armed = Callout::armed_count(cpu.id);
    g_state.threads = 0;
    for (Thread* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        if (g_state.threads < kMostThreads) {
            g_state.seen[g_state.threads++] = {thread, thread->state(), thread->base_priority()};
        }
    }
}

void check_invariants(const char* name) {
    PerCpu const& cpu = this_cpu();
    check_levels(cpu, name);
    check_bottom_halves(cpu, name);
    check_scheduler(cpu, name);
    check_threads(name);
    check_locks(cpu, name);
}

}  // namespace pivot::inject
