#include "arch/contract/upcalls.hpp"
#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/log.hpp"

namespace pivot {

void panic(const char* invariant, const char* detail) {
    interrupts_disable();
    log("panic: {} ({})", invariant, detail);
    machine_exit(3);
}

}  // namespace pivot

void pivot_fault(pivot::TrapFrame* frame, pivot::u64 vector) {
    using namespace pivot;
    log("fault vector {} elr {x16} esr {x} far {x16}", vector, frame->elr, frame->esr, frame->far);
    panic("fault");
}
