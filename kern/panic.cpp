// The end: what happened, in words, with everything that helps to find out why.
//
// A panic prints by polling, takes no lock, and follows no pointer that it has not checked, except
// in the lines about threads and mutexes, which therefore come last: should they fault, that is
// said in one line and the rest has been printed. The other CPUs come after that, each by itself.
#include "arch/contract/panic.hpp"

#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/panic_report.hpp"
#include "kern/panic_stop.hpp"
#include "kern/trace_report.hpp"

namespace pivot {
namespace {

constexpr u32 kPanicStatus = 3;   // QEMU's exit status
constinit u32 g_reporter = 0;     // the CPU that reports, plus one
constinit u32 g_more_panics = 0;  // of that CPU

// The first CPU to panic reports. Panics it again while it does, it says only so; a third one is
// the machine that cannot be ended (no semihosting host): it just stops.
void claim_the_report(const char* what, TrapFrame const& frame) {
    interrupts_disable();
    if constexpr (kTraced) {
        EventTrace::record(false);  // what the report itself does is not what led to it
    }
    u32 const self = this_cpu().id + 1;
    if (atomic::replace(&g_reporter, 0u, self)) {
        stop_others();
        fall_back_to_polling();
        return;
    }
    if (atomic::load_relaxed(&g_reporter) != self) {
        stop_panicked(what, frame);
    }
    if (g_more_panics++ == 0) {
        log("\npanic within the panic: {}", what);
        machine_exit(kPanicStatus);
    }
    for (;;) {
        cpu_idle();
    }
}

[[noreturn]] void finish() {
    ++g_more_panics;
    machine_exit(kPanicStatus);
}

[[noreturn]] void report(TrapFrame const& frame) {
    PerCpu const& cpu = this_cpu();
    print_registers(frame);
    log("backtrace:");
    print_backtrace(cpu, frame);
    log("state:");
    print_cpu(cpu, {cpu.spl, is_top_half(frame) ? 1 + cpu.nesting : 0});
    print_others();
    if constexpr (kTraced) {
        print_trace(kEventsInPanic);
    }
    finish();
}

}  // namespace

void panic(const char* invariant, const char* detail) {
    TrapFrame const& frame = capture_registers();
    claim_the_report(invariant, frame);
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
    claim_the_report(fault_words(*frame), *frame);
    if (uptr const bottom = guard_hit(*frame); bottom != 0) {
        print_guard_hit(*frame, bottom);
    } else {
        log("panic: {}", fault_words(*frame));
    }
    print_fault(*frame);
    report(*frame);
}
