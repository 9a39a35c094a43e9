// What every CPU port provides. The port's own <cpu.hpp> is found by the include path, so nothing
// outside arch/ names an architecture.
//
// Who: as each operation says. Lock order: none.
//
//   this_cpu()               this CPU's structure; one register, no memory access            both
//   compiler_barrier()       orders memory accesses against this CPU's own interrupts        both
//   interrupts_disable/enable  PSTATE-level masking; only entry, exit, boot and panic use it  both
//   on_interrupt_stack()     true in a top half                                              both
//   set_priority_mask(held)  tells the controller to hold off the hard levels of an SPL      both
//   counter(), counter_hz()  the free-running clock                                          both
//   cpu_relax()              in every spin: lets another (possibly simulated) CPU run        both
//   cpu_idle()               waits for an interrupt                                          thread
//   switch_threads(a, b)     a full thread switch, once: saves the callee-saved registers    thread
//   enter_bottom_half(slot)  runs all that is queued in a slot, on its bottom half's stack;  thread
//                            returns when done, or when it blocked and the interrupted
//                            thread was switched back to. See the drain loop below.
//   read_held_and_spl(), write_held_and_spl(...)  two neighbours, in one access if possible  both
//   read_standby(), write_standby(...)  the same; preemption is held off                     thread
//   acquire_if_zero(w, v)    stores v if *w is 0, with acquire; the LL/SC fast path of locks both
//   store_second_if_first(p, v, b)  if p[0] is not 0, stores v in p[1], b = what was there;  both
//                            else false. One step, with acquire and release; p is aligned to 16.
//   set_if_clear(w, t, v)    sets the bits v of *w if none of t is set, with acquire         both
//   try_lock_word(w, v)      lock_word if that needs no waiting; v is what *w was           both
//   lock_word(w)             sets bit 0 of *w once it is clear, with acquire; returns what   both
//                            *w was. Preemption is held off, and whoever clears it runs.
//   wait_for_change(w, v)    in a spin: returns when *w may no longer be v (WFE)             both
//   current()                this CPU's current thread, in one instruction: right wherever   both
//                            a thread that may migrate asks for itself
//   read_spl(), write_spl(...), read_attention()  the same for these fields                  both
//   interrupt_cpu(cpu, sgi)  sends a software-generated interrupt; what was stored before    both
//                            is visible to whoever takes it
//   prepare_stack(...)       makes a thread that has never run switchable to                 thread
//   machine_exit(status)     ends the machine                                                both
//
// The drain loop of enter_bottom_half, called with the SPL at softserial or above (S = slot):
//
//     current = bottom_half[S], on its stack's top; SPL = its base; pinned = who was interrupted
//     do  first = soft_first[S].next; soft_first[S].next = null
//         last = exchange(soft_last[S], &soft_first[S])
//         each from first to last: in one step, read its next and function, and store null and
//             its usual function (acquire, release); then call what was read
//         SPL = softserial; attention byte of S = 0
//     while soft_first[S].next is not null: pivot_bottom_half_more(rounds), which says the SPL
//     pinned is null (it was switched to when we blocked)? pivot_bottom_half_retire
//     else current = pinned; return on its stack
#pragma once

#include <concepts>

#include "arch/contract/upcalls.hpp"
#include "kern/base/percpu.hpp"

#include <cpu.hpp>

// Stands in the line table for the special INTIDs (1020-1023): counts, and ends nothing. The
// port's.
extern "C" void pivot_irq_special(void* token, void* argument);

// Stands in the line table for a line that may stay active after its top half; `call` is its
// HoldingCall. If that returns not 0, exit drops the priority and does not deactivate the line. The
// port's.
extern "C" void pivot_irq_holding(void* token, void* call);

namespace pivot {

template <typename Port>
concept Cpu = requires(u64 held, u32 slot, Thread* thread, uptr stack_top, void (*entry)(Thread*),
                       u64* word, SpinMutexBase* mutex, PerCpu* cpu) {
    { Port::this_cpu() } -> std::same_as<PerCpu&>;
    { Port::on_interrupt_stack() } -> std::same_as<bool>;
    { Port::counter() } -> std::same_as<u64>;
    { Port::counter_hz() } -> std::same_as<u64>;
    Port::compiler_barrier();
    Port::interrupts_disable();
    Port::interrupts_enable();
    Port::set_priority_mask(held);
    Port::cpu_relax();
    Port::cpu_idle();
    Port::switch_threads(thread, thread);
    Port::enter_bottom_half(slot);
    Port::read_held_and_spl(mutex, held);
    Port::write_held_and_spl(mutex, held);
    Port::read_standby(thread, held);
    Port::write_standby(thread, held);
    { Port::acquire_if_zero(word, held) } -> std::same_as<bool>;
    { Port::store_second_if_first(word, held, *word) } -> std::same_as<bool>;
    { Port::set_if_clear(word, held, held) } -> std::same_as<bool>;
    { Port::lock_word(word) } -> std::same_as<u64>;
    { Port::try_lock_word(word, held) } -> std::same_as<bool>;
    Port::wait_for_change(word, held);
    { Port::current() } -> std::same_as<Thread*>;
    { Port::read_spl() } -> std::same_as<u64>;
    Port::write_spl(held);
    { Port::read_attention() } -> std::same_as<u64>;
    Port::interrupt_cpu(*cpu, slot);
    { Port::prepare_stack(thread, stack_top, entry) } -> std::same_as<uptr>;
};
static_assert(Cpu<port::Cpu>, "this port lacks an operation of the CPU contract");

// The CPU that this runs on.
[[nodiscard]] inline PerCpu& this_cpu() { return port::Cpu::this_cpu(); }
// Whether this runs on the CPU's interrupt stack.
[[nodiscard]] inline bool on_interrupt_stack() { return port::Cpu::on_interrupt_stack(); }
// The system counter, ticks: the same on all CPUs, and never goes back.
[[nodiscard]] inline u64 counter() { return port::Cpu::counter(); }
// How many ticks of counter() are a second.
[[nodiscard]] inline u64 counter_hz() { return port::Cpu::counter_hz(); }
// The compiler moves no access to memory across this; it costs no instruction.
inline void compiler_barrier() { port::Cpu::compiler_barrier(); }
// Masks every interrupt on this CPU (DAIF.I). The kernel's own; drivers raise the SPL.
inline void interrupts_disable() {
    port::Cpu::interrupts_disable();
    if constexpr (kChecked) {
        pivot_interrupts_masked();
    }
}
// Lets interrupts in again, however often they have been masked.
inline void interrupts_enable() {
    if constexpr (kChecked) {
        pivot_interrupts_unmask();
    }
    port::Cpu::interrupts_enable();
}
// Writes the controller's priority mask: what the thermometer `held` holds off stays pending.
inline void set_priority_mask(u64 held) { port::Cpu::set_priority_mask(held); }
// In every loop that waits for another CPU: a hint, and what lets a simulated one run.
inline void cpu_relax() { port::Cpu::cpu_relax(); }
// Waits for an interrupt; it may be taken right behind this.
inline void cpu_idle() { port::Cpu::cpu_idle(); }
// Waits until the word is not `seen` any more, or for no reason: the caller looks again.
inline void wait_for_change(u64 const* word, u64 seen) { port::Cpu::wait_for_change(word, seen); }
// Sends that SGI to one CPU; what was stored before is visible to whoever takes it.
inline void interrupt_cpu(PerCpu const& cpu, u32 sgi) { port::Cpu::interrupt_cpu(cpu, sgi); }
// Goes on as `to`; returns when `from` goes on. With the SPL at softserial or above, which stays.
inline void switch_threads(Thread* from, Thread* to) { port::Cpu::switch_threads(from, to); }
// Runs what the slot's queue holds on its bottom half's stack, until it is done or has blocked.
inline void enter_bottom_half(u32 slot) { port::Cpu::enter_bottom_half(slot); }
// Lays a first frame on a stack, so that switching to it calls `entry`. Returns the thread's SP.
[[nodiscard]] inline uptr prepare_stack(Thread* thread, uptr stack_top, void (*entry)(Thread*)) {
    return port::Cpu::prepare_stack(thread, stack_top, entry);
}
// Ends the machine, with that status if QEMU or a debugger takes it; else this CPU just stops.
[[noreturn]] inline void machine_exit(u32 status) { port::Cpu::machine_exit(status); }

}  // namespace pivot
