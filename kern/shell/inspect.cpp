#include "kern/shell/inspect.hpp"

#include "kern/base/log.hpp"

namespace pivot {
namespace {

const char* state_of(Thread const& thread) {
    if (&thread == &current_thread()) {
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

const char* who_runs_at(Ipl level) {
    if (level == Ipl::none) {
        return "threads";
    }
    return is_soft(level) ? "a bottom half" : "top halves";
}

}  // namespace

bool list_threads(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    // Priority: what it runs at, with what waiters for its mutexes lend it; base: its own.
    log("{-12} {3} {8} {4} {-9} {6} {6}", "thread", "cpu", "priority", "base", "state", "stack",
        "used");
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        log("{-12} {3} {8} {4} {-9} {6} {6}", thread->name(), thread->home().id, thread->priority(),
            thread->base_priority(), state_of(*thread),
            thread->stack_top() - thread->stack_bottom(), thread->stack_used());
    }
    return true;
}

bool show_spl(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    PerCpu const& cpu = this_cpu();
    log("SPL {}; {} interrupts found it raised and were left pending",
        name_of(level_of(spl_current().held)), cpu.held_off);
    log("{-11}{-17}{}", "level", "holds off", "runs there");
    for (u32 n = 0; n < kIpls; ++n) {
        Ipl const level = static_cast<Ipl>(n);
        log("{-11}{x16} {}", name_of(level), held_at(level), who_runs_at(level));
    }
    return true;
}

}  // namespace pivot
