#include "kern/panic_report.hpp"

#include "arch/contract/cpu.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/thread.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/ipl.hpp"

namespace pivot {
namespace {

// A backtrace being printed. Recursion, which is how stacks overflow, is cut short.
struct Listing {
    static constexpr u32 kMostAlike = 3;  // one below the other

    u32 most;                       // lines
    bool from_interrupted = false;  // leave out what comes before
    uptr last = 0;
    u32 alike = 0;
    u32 lines = 0;

    static bool visit(void* state, uptr pc, FrameKind kind) {
        auto& listing = *static_cast<Listing*>(state);
        if (listing.from_interrupted && kind != FrameKind::interrupted) {
            return true;
        }
        if (listing.from_interrupted) {
            listing.from_interrupted = false;
            kind = FrameKind::current;
        }
        if (pc != listing.last) {
            listing.end_run();
            listing.last = pc;
        } else if (++listing.alike >= kMostAlike) {
            return true;
        }
        print_place(pc, kind);
        return ++listing.lines < listing.most;
    }

    void end_run() {
        if (alike >= kMostAlike) {
            log("  ... and {} more of the same", alike - kMostAlike + 1);
        }
        alike = 0;
    }

    static void print_place(uptr pc, FrameKind kind) {
        // A call of a function that never returns may be its caller's last instruction.
        u64 const back = kind == FrameKind::caller ? 1 : 0;
        Symbol const symbol = symbolise(pc - back);
        print("  {x16}", pc);
        if (symbol.name != nullptr) {
            print(" {}+{}", symbol.name, symbol.offset + back);
        }
        log("{}", kind == FrameKind::interrupted ? ", interrupted by the above" : "");
    }
};

Thread const* thread_with_stack(uptr bottom) {
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        if (thread->stack_bottom() == bottom) {
            return thread;
        }
    }
    return nullptr;
}

void print_held(SpinMutexBase const* held) {
    constexpr u32 kMost = 16;  // a chain that has been overwritten may be a ring
    print("  spin mutexes held, newest first:");
    if (held == nullptr) {
        print(" none");
    }
    for (u32 i = 0; held != nullptr && i < kMost; ++i) {
        print(" '{}'", held->name());
        held = held->previous();
    }
    print("\n");
}

}  // namespace

void print_cpu(PerCpu const& cpu, CpuState const& state) {
    Ipl const level = level_of(state.spl);
    print("  CPU {}, SPL {}", cpu.id, name_of(level));
    if (held_at(level) != state.spl) {
        print(" (no level's: {x16})", state.spl);
    }
    print(", interrupt depth {}", state.depth);
    log("{}{}", state.what, state.detail);
    if (Thread const* const thread = cpu.current; thread != nullptr) {
        log("  thread '{}', priority {}, stack {x16}-{x16}", thread->name(), thread->priority(),
            thread->stack_bottom(), thread->stack_top());
    } else {
        log("  no thread yet");
    }
    print_held(SpinMutexBase::last_held(cpu));
}

void print_guard_hit(TrapFrame const& frame, uptr bottom) {
    Thread const* const owner = thread_with_stack(bottom);
    const char* const of_port = port_stack_name(bottom);
    PerCpu const& cpu = this_cpu();
    bool const in_use = is_top_half(frame)
                            ? bottom == cpu.interrupt_stack || bottom == cpu.emergency_stack
                            : owner != nullptr && owner == cpu.current;
    print("panic: {} ",
          in_use ? "stack overflow of" : "access to the guard page below the stack of");
    if (owner != nullptr) {
        log("thread '{}'", owner->name());
    } else {
        log("{}", of_port != nullptr ? of_port : "nobody");
    }
}

void print_backtrace(PerCpu const& cpu, TrapFrame const& frame) {
    Listing listing{.most = 48};
    for_each_frame(cpu, frame, &Listing::visit, &listing);
    listing.end_run();
}

void print_interrupted(PerCpu const& cpu, TrapFrame const& frame) {
    Listing listing{.most = 8, .from_interrupted = true};
    for_each_frame(cpu, frame, &Listing::visit, &listing);
    listing.end_run();
}

}  // namespace pivot
