// stack: how much of each stack has ever been used.
//
// A stack is painted before its use, and what is not paint any more has been used. Threads' are
// painted when they start, interrupt stacks by a driver of this file's: what was used before that
// is not seen.
//
// Who: the shell's thread. Lock order: none held.
#include "intr/errand.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "kern/pivot/extend.hpp"
#include "kern/thread.hpp"

namespace pivot {
namespace {

constexpr u64 kPaint = 0x5a5a'5a5a'5a5a'5a5a;

// At thread level nothing lies on the interrupt stack; masked, nothing comes onto it.
void paint_here(u32) {
    uptr const bottom = this_cpu().interrupt_stack;
    interrupts_disable();
    for (uptr at = bottom; at < bottom + kInterruptStackSize; at += sizeof(u64)) {
        *reinterpret_cast<volatile u64*>(at) = kPaint;
    }
    interrupts_enable();
}

void paint_all(MayBlock const& context) { run_on_cpus(context, online_set(), &paint_here, 0); }
PIVOT_DRIVER(g_painter) = {"", &paint_all};

usize used_of(uptr bottom, usize size) {
    usize unused = 0;
    while (unused < size && *reinterpret_cast<u64 const volatile*>(bottom + unused) == kPaint) {
        unused += sizeof(u64);
    }
    return size - unused;
}

void show(const char* name, u32 cpu, usize used, usize size) {
    log("{-12} {3} {6} {6} {7}", name, cpu, used, size, used * 100 / size);
}

bool show_stacks(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("{-12} {3} {6} {6} {7}", "stack", "cpu", "used", "of", "percent");
    for (Thread const* thread = Thread::all(); thread != nullptr; thread = thread->next_of_all()) {
        show(thread->name(), thread->home().id, thread->stack_used(),
             thread->stack_top() - thread->stack_bottom());
    }
    for_each_cpu(online_set(), [](PerCpu const& cpu) {
        show("(interrupts)", cpu.id, used_of(cpu.interrupt_stack, kInterruptStackSize),
             kInterruptStackSize);
    });
    return true;
}
PIVOT_COMMAND(g_stacks) = {"stack", "", "how much of each stack was ever used", &show_stacks};

}  // namespace
}  // namespace pivot
