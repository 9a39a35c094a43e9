#include "intr/black_box.hpp"

#include "arch/contract/backtrace.hpp"
#include "arch/contract/cpu.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/clock.hpp"
#include "kern/thread.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

// What PerCpu keeps of the last time that the SPL held a line off.
struct HeldOff {
    u64 times;
    u64 since;
    u64 until;
    u64 spl;
    uptr pc;
    uptr lowered_at;
    SpinMutexBase const* mutex;  // whose release let the line in
};

// A higher line may come, and be held off, between two of the loads: then once more.
HeldOff last_held_off(PerCpu const& cpu) {
    for (;;) {
        HeldOff const found{.times = cpu.held_off,
                            .since = cpu.held_off_since,
                            .until = cpu.held_off_until,
                            .spl = cpu.held_off_spl,
                            .pc = cpu.held_off_pc,
                            .lowered_at = cpu.held_off_to,
                            .mutex = cpu.held_off_let_in_by};
        compiler_barrier();
        if (cpu.held_off == found.times) {
            return found;
        }
    }
}

// `back`: 1 for a return address, which may lie behind its function.
void print_place(const char* what, uptr pc, u64 back) {
    print("  {} {x16}", what, pc);
    Symbol const symbol = symbolise(pc - back);
    if (symbol.name != nullptr) {
        print(" {}+{}", symbol.name, symbol.offset + back);
    }
    print("\n");
}

void print_delay(const char* device, Delay const& delay) {
    u64 const ns = Clock::ns_of_ticks(delay.ticks);
    print("{}: bytes lost: ", device);
    switch (delay.why) {
        case Delay::Why::held_off:
            print("its line was held off for {} ns, SPL {}, by ", ns, name_of(delay.spl));
            if (delay.mutex != nullptr) {
                print("spin mutex '{}'", delay.mutex);
            } else {
                print("no spin mutex");
            }
            log(", CPU {}, thread '{}'", delay.cpu, delay.thread);
            print_place("came at  ", delay.pc, 0);
            if (delay.lowered_at != 0) {
                print_place("let in at", delay.lowered_at, 1);
            }
            return;
        case Delay::Why::own_lock:
            log("its top half waited {} ns for spin mutex '{}', which another CPU held", ns,
                delay.mutex);
            return;
        case Delay::Why::unknown:
            log("not held off by the SPL: another top half, or interrupts masked; CPU {}, thread "
                "'{}'",
                delay.cpu, delay.thread);
            print_place("came at  ", delay.pc, 0);
            return;
    }
}

}  // namespace

Delay BlackBox::examine(const char* own_lock, u64 waited) const {
    PerCpu const& cpu = this_cpu();
    Thread const* const thread = cpu.current;
    HeldOff const last = last_held_off(cpu);
    Delay delay{.why = Delay::Why::unknown,
                .spl = Ipl::none,
                .cpu = cpu.id,
                .ticks = 0,
                .pc = 0,
                .lowered_at = 0,
                .mutex = nullptr,
                .thread = thread != nullptr ? thread->name() : "?"};
    // It is over, began after we were last served, and was about our level.
    bool const is_ours = last.times != 0 && last.until >= last.since && last.since > served_ &&
                         (last.spl & held_at(level_)) == held_at(level_);
    u64 const held_off = last.until - last.since;
    // Another line's, for a moment, long before ours came: that is not what the device waited for.
    bool const is_recent = counter() - last.until <= held_off;
    if (is_ours && is_recent && held_off >= waited) {
        delay.why = Delay::Why::held_off;
        delay.spl = level_of(last.spl);
        delay.ticks = held_off;
        delay.pc = last.pc;
        delay.lowered_at = last.lowered_at;
        delay.mutex = last.mutex != nullptr ? last.mutex->name() : nullptr;
    } else if (waited * 4 > counter() - served_) {
        delay.why = Delay::Why::own_lock;
        delay.ticks = waited;
        delay.mutex = own_lock;
    } else {
        delay.pc = interrupted_pc();
    }
    return delay;
}

void BlackBox::keep(Delay const& delay) {
    atomic::store_relaxed(&count_, count_ + 1);
    last_ = delay;
    if (!delays_.push(delay)) {
        atomic::store_relaxed(&unrecorded_, unrecorded_ + 1);
    }
}

void BlackBox::note_served() { served_ = counter(); }

void BlackBox::report(MayWake const&) {
    Delay delay;
    while (take(delay)) {
        print_delay(device_, delay);
    }
    u32 const unrecorded = this->unrecorded();
    if (unrecorded != unrecorded_said_) {
        log("{}: and {} times more", device_, unrecorded - unrecorded_said_);
        unrecorded_said_ = unrecorded;
    }
}

}  // namespace pivot
