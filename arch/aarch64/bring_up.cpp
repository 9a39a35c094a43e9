#include "bring_up.hpp"

#include "cpu.hpp"
#include "kern/base/stack.hpp"
#include "mmu.hpp"
#include "psci.hpp"

extern "C" {
extern char __image_start[];
constinit pivot::PerCpu pivot_percpu[pivot::kMaxCpus]{};
}

// Each CPU's interrupt stack, and the one that reports its overflow.
PIVOT_STACKS(pivot_interrupt_stack, pivot::kMaxCpus, pivot::kInterruptStackSize);
PIVOT_STACKS(pivot_emergency_stack, pivot::kMaxCpus, EMERGENCY_STACK_BYTES);

namespace pivot::port {

u64 own_affinity() {
    constexpr u64 kFields = 0xff'00ff'ffff;  // Aff3, Aff2..Aff0
    return read_sysreg<Sysreg::mpidr_el1>() & kFields;
}

void lay_out_cpu(u32 id, u64 affinity) {
    PerCpu& cpu = pivot_percpu[id];
    cpu.id = id;
    cpu.affinity = affinity;
    cpu.interrupt_stack = pivot_interrupt_stack[id].bottom();
    cpu.emergency_stack = pivot_emergency_stack[id].bottom();
}

i32 start_cpu(u32 id, const void* entry) {
    u64 const offset = reinterpret_cast<uptr>(entry) - reinterpret_cast<uptr>(__image_start);
    dsb_sy();  // all that the new CPU will look at, its PerCpu above all, is stored before it looks
    return Psci::cpu_on(pivot_percpu[id].affinity, pivot_boot_map.image + offset, id);
}

}  // namespace pivot::port
