// The parts of the AArch64 port that are not worth inlining.
#include "cpu.hpp"

#include "kern/base/mmio.hpp"

namespace pivot::port {

// The priority that lets exactly the levels above an SPL's hard half through (arch/dev/gic.hpp).
void Cpu::set_priority_mask(u64 held) {
    u32 const hard = static_cast<u32>(held);
    u32 const priority = 0xb0 + 2 * (hard == 0 ? 32 : static_cast<u32>(__builtin_clz(hard)));
#if PIVOT_GIC == 3
    write_sysreg<Sysreg::icc_pmr_el1>(priority);
#else
    constexpr uptr kPmr = 0x004;  // GICC_PMR
    uptr const interface = this_cpu().controller;
    mmio::write<u32>(interface + kPmr, priority);
    (void)mmio::read<u32>(interface + kPmr);  // in force once answered
#endif
}

u64 Cpu::lock_word(u64* word) {
    for (;;) {
        u64 const seen = __atomic_load_n(word, __ATOMIC_RELAXED);
        if ((seen & 1) != 0) {
            wait_for_change(word, seen);
        } else if (u64 expected = seen; __atomic_compare_exchange_n(
                       word, &expected, seen | 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
            return seen;
        }
    }
}

void Cpu::interrupt_cpu(PerCpu const& cpu, u32 sgi) {
    asm volatile("dsb ish" ::: "memory");  // what the target will look at is there before it looks
#if PIVOT_GIC == 3
    write_sysreg<Sysreg::icc_sgi1r_el1>(cpu.ipi_target | u64{sgi} << 24);
    isb();  // it is sent now, not when something else synchronises
#else
    mmio::write<u32>(cpu.ipi_register, static_cast<u32>(cpu.ipi_target) << 16 | sgi);  // GICD_SGIR
#endif
}

uptr Cpu::prepare_stack(Thread* thread, uptr stack_top, void (*entry)(Thread*)) {
    auto* const frame = reinterpret_cast<SwitchFrame*>(stack_top - sizeof(SwitchFrame));
    *frame = {};
    frame->x30 = reinterpret_cast<u64>(&pivot_thread_trampoline);
    frame->x19_to_x28[0] = reinterpret_cast<u64>(thread);
    frame->x19_to_x28[1] = reinterpret_cast<u64>(entry);
    return reinterpret_cast<uptr>(frame);
}

// Semihosting SYS_EXIT_EXTENDED (Semihosting for AArch32 and AArch64, 6.6).
void Cpu::machine_exit(u32 status) {
    u64 const block[2] = {0x20026 /* ADP_Stopped_ApplicationExit */, status};
    asm volatile(
        "mov x0, #0x20\n"
        "mov x1, %0\n"
        "hlt #0xf000" ::"r"(block)
        : "x0", "x1", "memory");
    interrupts_disable();
    for (;;) {
        cpu_idle();  // no host to exit to: a real board just stops
    }
}

}  // namespace pivot::port
