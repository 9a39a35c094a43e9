#include "kern/shell/inspect.hpp"

#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "mutex/park.hpp"
#include "spl/system/system_spl.hpp"

namespace pivot {
namespace {

const char* state_of(Thread const& thread) {
    if (&thread == &current_thread() || runs_elsewhere(thread)) {
        return "running";
    }
    // A bottom half that has not blocked half-way is in no queue, and its state means nothing.
    if (thread.is_bottom_half() && thread.home().bottom_half[thread.slot()] == &thread) {
        return "waiting";
    }
    switch (thread.state()) {
        case ThreadState::ready:
            return "ready";
        case ThreadState::unstarted:
            return "unstarted";
        case ThreadState::blocked:
            return "blocked";
        case ThreadState::sleeping:
            return "sleeping";
        case ThreadState::suspended:
            return "suspended";
        case ThreadState::exited:
            return "exited";
    }
    return "?";
}

// Behind its row, for a thread that waits for a mutex.
void print_mutex(MayBlock const& context, Thread& thread) {
    const char* mutex = nullptr;
    const char* owner = nullptr;
    {
        SpinGuard const guard(g_turnstiles, context);
        if (AdaptiveMutex const* const wanted = turn_record(thread).waits_for; wanted != nullptr) {
            Thread const* const has_it = wanted->owner();
            mutex = wanted->name();
            owner = has_it != nullptr ? has_it->name() : "nobody";
        }
    }
    if (mutex != nullptr) {
        print("  '{}' of {}", mutex, owner);
    }
}

const char* who_runs_at(Ipl level) {
    if (level == Ipl::none) {
        return "threads";
    }
    return is_soft(level) ? "a bottom half" : "top halves";
}

}  // namespace

bool list_threads(MayBlock const& context, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    // Priority: what it runs at, with what waiters for its mutexes lend it; base: its own.
    log("{-12} {3} {8} {4} {-9} {6} {6}  waits for", "thread", "cpu", "priority", "base", "state",
        "stack", "used");
    for (Thread* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        print("{-12} {3} {8} {4} {-9} {6} {6}", thread->name(), thread->home().id,
              thread->priority(), thread->base_priority(), state_of(*thread),
              thread->stack_top() - thread->stack_bottom(), thread->stack_used());
        print_mutex(context, *thread);
        print("\n");
    }
    return true;
}

bool show_spl(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    for_each_cpu(online_set(), [](PerCpu const& cpu) {
        log("CPU {}: SPL {}, system-wide {}; {} interrupts found it raised and were left pending",
            cpu.id, name_of(level_of(cpu.spl)),
            name_of(level_of(atomic::load_relaxed(&cpu.system))), cpu.held_off);
    });
    log("{-11}{-17}{}", "level", "holds off", "runs there");
    for (u32 n = 0; n < kIpls; ++n) {
        Ipl const level = static_cast<Ipl>(n);
        log("{-11}{x16} {}", name_of(level), held_at(level), who_runs_at(level));
    }
    return true;
}

}  // namespace pivot
