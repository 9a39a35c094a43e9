// The host port of the CPU contract (arch/contract/cpu.hpp): a simulated CPU for GoogleTest.
//
// Who: as the contract says. Lock order: none.
//
// The kernel's sources run unchanged. Where a real CPU could take an interrupt between two
// instructions, this one takes it at a *point*: every operation below is one, and in the
// instrumented build so is every load, store and atomic of the kernel
// (arch/host/access_points.cpp).
#pragma once

#include "arch/host/frame.hpp"
#include "arch/host/sim_cpu.hpp"
#include "kern/base/percpu.hpp"

namespace pivot::sim {

// The step of the drain loop that lets a continuation go: what came after it in the queue, and what
// is to be called.
struct SoftRun {
    Link* next;
    void (*function)(const void* token, void* owner);
};
[[nodiscard]] SoftRun let_go(SoftCall& call);

}  // namespace pivot::sim

namespace pivot::port {

struct Cpu {
    // A register, so no point comes with it. A host thread executes one CPU at a time; a test that
    // needs no simulation gives each of its threads a PerCpu.
    static PerCpu& this_cpu();
    static void set_this_cpu(PerCpu* cpu);

    static void compiler_barrier() {
        asm volatile("" ::: "memory");
        sim::point();
        asm volatile("" ::: "memory");
    }
    static void interrupts_disable() { sim::set_masked(true); }
    static void interrupts_enable() { sim::set_masked(false); }
    static bool on_interrupt_stack() { return sim::on_interrupt_stack(); }

    static u64 counter() { return sim::counter(); }
    static u64 counter_hz() { return sim::kCounterHz; }

    static void cpu_relax() { sim::relax(); }
    static void cpu_idle() { sim::idle(); }

    static void set_priority_mask(u64 held);

    // Each is one instruction, or one exclusive pair, on the target: a point before it and none
    // within.
    static void read_held_and_spl(SpinMutexBase*& held, u64& spl);
    static void write_held_and_spl(SpinMutexBase* held, u64 spl);
    static void read_standby(Thread*& standby, u64& threshold) {
        standby = this_cpu().standby;
        threshold = this_cpu().threshold;
    }
    static void write_standby(Thread* standby, u64 threshold) {
        this_cpu().standby = standby;
        this_cpu().threshold = threshold;
    }
    [[nodiscard]] static bool acquire_if_zero(u64* word, u64 value);
    [[nodiscard]] static bool set_if_clear(u64* word, u64 test, u64 set);

    [[nodiscard]] static bool store_second_if_first(u64* pair, u64 value, u64& before);
    [[nodiscard]] static u64 lock_word(u64* word);
    [[nodiscard]] static bool try_lock_word(u64* word, u64& value);
    static void wait_for_change(u64 const* word, u64 seen);
    [[nodiscard]] static Thread* current();
    [[nodiscard]] static u64 read_spl();
    static void write_spl(u64 spl);
    [[nodiscard]] static u64 read_attention();
    static void interrupt_cpu(PerCpu const& cpu, u32 sgi);

    static void switch_threads(Thread* from, Thread* to);
    static void enter_bottom_half(u32 slot);
    static uptr prepare_stack(Thread* thread, uptr stack_top, void (*entry)(Thread*));

    // A device of the host is an object: its registers lie where the test has put them.
    static constexpr uptr device_address(u64 address) { return address; }

    [[noreturn]] static void machine_exit(u32 status);
};

}  // namespace pivot::port
