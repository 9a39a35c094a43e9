// The end: what happened, in words, with everything that helps to find out why.
//
// A panic prints by polling, takes no lock, and follows no pointer that it has not checked, except
// in the lines about threads and mutexes, which therefore come last: should they fault, that is
// said in one line and the rest has been printed.
#include "arch/contract/panic.hpp"

#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/thread.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/ipl.hpp"

namespace pivot {
namespace {

constexpr u32 kPanicStatus = 3;  // QEMU's exit status
constinit u32 g_panics = 0;

// The first panic reports; another one while it does says only so. A third is the machine that
// cannot be ended (no semihosting host): it just stops.
void claim_the_report(const char* what) {
    interrupts_disable();
    u32 const before = atomic::fetch_add(&g_panics, 1u);
    if (before == 0) {
        fall_back_to_polling();
        return;
    }
    if (before == 1) {
        log("\npanic within the panic: {}", what);
        machine_exit(kPanicStatus);
    }
    for (;;) {
        cpu_idle();
    }
}

[[noreturn]] void finish() {
    atomic::fetch_add(&g_panics, 1u);
    machine_exit(kPanicStatus);
}

// A backtrace being printed. Recursion, which is how stacks overflow, is cut short.
struct Listing {
    static constexpr u32 kMostLines = 48;
    static constexpr u32 kMostAlike = 3;  // one below the other

    uptr last = 0;
    u32 alike = 0;
    u32 lines = 0;

    static bool visit(void* state, uptr pc, FrameKind kind) {
        auto& listing = *static_cast<Listing*>(state);
        if (pc != listing.last) {
            listing.end_run();
            listing.last = pc;
        } else if (++listing.alike >= kMostAlike) {
            return true;
        }
        print_place(pc, kind);
        return ++listing.lines < kMostLines;
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

// An access to a guard page: the overflow of that stack if it is the one in use.
void print_guard_hit(TrapFrame const& frame, uptr bottom) {
    Thread const* const owner = thread_with_stack(bottom);
    const char* const of_port = port_stack_name(bottom);
    bool const in_use =
        is_top_half(frame) ? of_port != nullptr : owner != nullptr && owner == this_cpu().current;
    print("panic: {} ",
          in_use ? "stack overflow of" : "access to the guard page below the stack of");
    if (owner != nullptr) {
        log("thread '{}'", owner->name());
    } else {
        log("{}", of_port != nullptr ? of_port : "nobody");
    }
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

void print_cpu(bool top_half) {
    PerCpu const& cpu = this_cpu();
    u64 const spl = cpu.spl;
    Ipl const level = level_of(spl);
    print("  CPU {}, SPL {}", cpu.id, name_of(level));
    if (held_at(level) != spl) {
        print(" (no level's: {x16})", spl);
    }
    log(", interrupt depth {}", top_half ? 1 + cpu.nesting : 0);
    if (Thread const* const thread = cpu.current; thread != nullptr) {
        log("  thread '{}', priority {}, stack {x16}-{x16}", thread->name(), thread->priority(),
            thread->stack_bottom(), thread->stack_top());
    } else {
        log("  no thread yet");
    }
    print_held(cpu.held);
}

[[noreturn]] void report(TrapFrame const& frame) {
    print_registers(frame);
    log("backtrace:");
    Listing listing;
    for_each_frame(frame, &Listing::visit, &listing);
    listing.end_run();
    log("state:");
    print_cpu(is_top_half(frame));
    finish();
}

}  // namespace

void panic(const char* invariant, const char* detail) {
    TrapFrame const& frame = capture_registers();
    claim_the_report(invariant);
    print("panic: {}", invariant);
    if (detail != nullptr) {
        print(" ({})", detail);
    }
    print("\n");
    report(frame);
}

}  // namespace pivot

void pivot_fault(pivot::TrapFrame* frame, pivot::u64) {
    using namespace pivot;
    claim_the_report(fault_words(*frame));
    if (uptr const bottom = guard_hit(*frame); bottom != 0) {
        print_guard_hit(*frame, bottom);
    } else {
        log("panic: {}", fault_words(*frame));
    }
    print_fault(*frame);
    report(*frame);
}
