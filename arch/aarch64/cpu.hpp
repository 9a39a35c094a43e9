// The AArch64 port of the CPU contract (arch/contract/cpu.hpp).
//
// Who: as the contract says. Lock order: none.
// Sources: Arm ARM DDI 0487, GIC IHI 0069 and IHI 0048.
#pragma once

#include "frame.hpp"
#include "kern/base/percpu.hpp"
#include "sysreg.hpp"

extern "C" {
void pivot_switch_threads(pivot::Thread* to, pivot::Thread* from);
void pivot_enter_bottom_half(pivot::u64 slot);
void pivot_thread_trampoline();
}

namespace pivot::port {

// x18, AAPCS64's platform register. Every file is compiled with -ffixed-x18 and entry leaves it
// alone, so "this CPU" costs nothing, and a field of it is read in one instruction, which
// preemption and migration cannot split.
register PerCpu* g_this_cpu asm("x18");

// Device memory is mapped at its physical address plus this (mmu.cpp).
inline constexpr uptr kDeviceBase = 0xffff'ffc0'0000'0000;

struct Cpu {
    static PerCpu& this_cpu() { return *g_this_cpu; }
    static void set_this_cpu(PerCpu* cpu) { g_this_cpu = cpu; }

    static void compiler_barrier() { asm volatile("" ::: "memory"); }
    static void interrupts_disable() { asm volatile("msr daifset, #2" ::: "memory"); }
    static void interrupts_enable() { asm volatile("msr daifclr, #2" ::: "memory"); }

    // PSTATE.SP is 1 on the interrupt stack and 0 in a thread.
    static bool on_interrupt_stack() { return read_sysreg<Sysreg::spsel>() != 0; }

    static u64 counter() { return read_sysreg<Sysreg::cntvct_el0>(); }
    static u64 counter_hz() { return read_sysreg<Sysreg::cntfrq_el0>(); }

    static void cpu_relax() { asm volatile("yield" ::: "memory"); }
    static void cpu_idle() { asm volatile("wfi" ::: "memory"); }

    static void set_priority_mask(u64 held);

    // One LDP, one STP: CPU_SPL follows CPU_HELD.
    [[gnu::always_inline]] static void read_held_and_spl(SpinMutexBase*& held, u64& spl) {
        asm volatile("ldp %0, %1, [x18, %2]" : "=r"(held), "=r"(spl) : "i"(CPU_HELD) : "memory");
    }
    static void write_held_and_spl(SpinMutexBase* held, u64 spl) {
        asm volatile("stp %0, %1, [x18, %2]" ::"r"(held), "r"(spl), "i"(CPU_HELD) : "memory");
    }

    // The same for CPU_STANDBY and the threshold behind it.
    [[gnu::always_inline]] static void read_standby(Thread*& standby, u64& threshold) {
        asm volatile("ldp %0, %1, [x18, %2]"
                     : "=r"(standby), "=r"(threshold)
                     : "i"(CPU_STANDBY)
                     : "memory");
    }
    [[gnu::always_inline]] static void write_standby(Thread* standby, u64 threshold) {
        asm volatile("stp %0, %1, [x18, %2]" ::"r"(standby), "r"(threshold), "i"(CPU_STANDBY)
                     : "memory");
    }

    // The compiler's own compare-and-swap tests its result a second time after the loop.
    [[gnu::always_inline]] static bool acquire_if_zero(u64* word, u64 value) {
        asm goto(
            "1: ldaxr x16, %0\n"  // acquire: what the lock guards is read after this
            "   cbnz x16, %l[taken]\n"
            "   stxr w17, %1, %0\n"
            "   cbnz w17, 1b" ::"Q"(*word),
            "r"(value)
            : "x16", "x17", "memory"
            : taken);
        return true;
    taken:
        return false;
    }

    // Bits of a word that several locks share.
    [[gnu::always_inline]] static bool set_if_clear(u64* word, u64 test, u64 set) {
        asm goto(
            "1: ldaxr x16, %0\n"  // acquire, as above
            "   tst x16, %1\n"
            "   b.ne %l[taken]\n"
            "   orr x16, x16, %2\n"
            "   stxr w17, x16, %0\n"
            "   cbnz w17, 1b" ::"Q"(*word),
            "r"(test), "r"(set)
            : "x16", "x17", "cc", "memory"
            : taken);
        return true;
    taken:
        return false;
    }

    // Two words that change together. An interrupt between the two instructions makes the second
    // fail (Arm ARM, B2.12.2); a pair must be aligned to its size.
    [[gnu::always_inline]] static bool store_second_if_first(u64* pair, u64 value, u64& before) {
        u64 first;
        asm volatile(
            "1: ldaxp %0, %1, %2\n"
            "   cbz %0, 2f\n"
            "   stlxp w17, %0, %3, %2\n"  // release: what was stored for the run before this
            "   cbnz w17, 1b\n"
            "2:"
            : "=&r"(first), "=&r"(before), "+Q"(*pair)
            : "r"(value)
            : "x17", "memory");
        return first != 0;
    }

    // A lock bit. `value`: what the word was, if it was not locked. Volatile: with an output, asm
    // goto is not by itself, and a caller that does not look at the old value would get no lock.
    [[gnu::always_inline]] static bool try_lock_word(u64* word, u64& value) {
        asm volatile goto(
            "1: ldaxr %0, %1\n"  // acquire: what the word guards is read after this
            "   tbnz %0, #0, %l[taken]\n"
            "   orr x16, %0, #1\n"
            "   stxr w17, x16, %1\n"
            "   cbnz w17, 1b"
            : "=&r"(value)
            : "Q"(*word)
            : "x16", "x17", "memory"
            : taken);
        return true;
    taken:
        return false;
    }
    static u64 lock_word(u64* word);

    // The exclusive load arms the monitor; another CPU's store to the word clears it, which is the
    // event that WFE waits for (Arm ARM, D1.6.1). An interrupt ends the wait, too.
    static void wait_for_change(u64 const* word, u64 seen) {
        u64 value;
        asm volatile(
            "ldaxr %0, %1\n"
            "cmp %0, %2\n"
            "b.ne 1f\n"
            "wfe\n"
            "1:"
            : "=&r"(value)
            : "Q"(*word), "r"(seen)
            : "cc", "memory");
    }

    // Each one instruction that names x18 itself: a copy of x18 would go stale if the thread were
    // preempted and went on elsewhere. The current thread is the same on either side of that.
    [[gnu::always_inline]] static Thread* current() {
        Thread* thread;
        asm("ldr %0, [x18, %1]" : "=r"(thread) : "i"(CPU_CURRENT));
        return thread;
    }
    [[gnu::always_inline]] static u64 read_spl() {
        u64 spl;
        asm volatile("ldr %0, [x18, %1]" : "=r"(spl) : "i"(CPU_SPL));
        return spl;
    }
    [[gnu::always_inline]] static void write_spl(u64 spl) {
        asm volatile("str %x0, [x18, %1]" ::"rZ"(spl), "i"(CPU_SPL) : "memory");
    }
    [[gnu::always_inline]] static u64 read_attention() {
        u64 attention;
        asm volatile("ldr %0, [x18, %1]" : "=r"(attention) : "i"(CPU_ATTENTION) : "memory");
        return attention;
    }

    static void interrupt_cpu(PerCpu const& cpu, u32 sgi);

    static void switch_threads(Thread* from, Thread* to) { pivot_switch_threads(to, from); }
    static void enter_bottom_half(u32 slot) { pivot_enter_bottom_half(slot); }
    static uptr prepare_stack(Thread* thread, uptr stack_top, void (*entry)(Thread*));

    static constexpr uptr device_address(u64 physical) { return kDeviceBase + physical; }

    [[noreturn]] static void machine_exit(u32 status);
};

}  // namespace pivot::port
