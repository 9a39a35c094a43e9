// The interrupt path, step for step what arch/aarch64/vectors.S does; that file says why.
//
// Every step between "interrupts masked" and "unmasked" there is uninterrupted here: this file is
// not instrumented, and SimCpu::masked says so.
#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "arch/host/fiber.hpp"
#include "arch/host/sim_line_masks.hpp"

namespace pivot::port {
namespace {

// The GIC-like mask that holds off exactly the hard levels of an SPL.
u32 mask_for(u64 held) {
    u32 const hard = static_cast<u32>(held);
    if (hard == 0) {
        return SimController::kIdlePriority;
    }
    u32 const highest_byte = 3 - static_cast<u32>(__builtin_clz(hard)) / 8;
    return SimController::priority_of(static_cast<Ipl>(static_cast<u32>(Ipl::vm) + highest_byte));
}

}  // namespace

void Cpu::set_priority_mask(u64 held) {
    sim::point();
    if (SimController::has_priorities()) {
        SimController::set_mask(mask_for(held));
    } else {
        SimLineMasks::hold_off_only(held);
    }
    sim::point();  // what the mask held off comes now
}

}  // namespace pivot::port

namespace pivot::sim {
namespace {

PerCpu& this_cpu() { return port::Cpu::this_cpu(); }

// vectors.S: catch_up. The SPL says more than the controller enforces, or less.
u32 catch_up(PerCpu& cpu, u64 spl) {
    SimController::set_mask(port::mask_for(spl));
    cpu.hardware = spl;
    cpu.mask = spl;
    u32 const hard = static_cast<u32>(spl);
    if (hard != 0) {
        u32 const byte = 3 - static_cast<u32>(__builtin_clz(hard)) / 8;
        reinterpret_cast<volatile u8*>(&cpu.attention)[byte] = kMark;
    }
    return SimController::acknowledge();
}

// vectors.S: the end of catch_up. A simulated CPU has no program counter: the place is the point's.
void note_held_off(PerCpu& cpu, uptr pc) {
    cpu.held_off_pc = pc;
    cpu.held_off_by = cpu.held;
    cpu.held_off_since = sim::counter();
    cpu.held_off = cpu.held_off + 1;
}

// The line to dispatch; or a number above all lines, and whether that is to be dispatched, too.
u32 find_line(PerCpu& cpu, u64 spl, bool& returns_at_once) {
    if (!SimController::has_priorities()) {
        u32 const intid = SimLineMasks::take(cpu);
        returns_at_once = intid == SimLineMasks::kHeldOff || intid == SimLineMasks::kNothing;
        if (intid == SimLineMasks::kHeldOff) {
            note_held_off(cpu, reinterpret_cast<uptr>(__builtin_return_address(0)));
        }
        return intid;
    }
    bool const lagging = static_cast<u32>(spl) != static_cast<u32>(cpu.hardware);
    u32 const intid = lagging ? catch_up(cpu, spl) : SimController::acknowledge();
    returns_at_once = lagging && intid >= 1020;
    if (returns_at_once) {
        note_held_off(cpu, reinterpret_cast<uptr>(__builtin_return_address(0)));
    }
    return intid;
}

// line_ends.S: pivot_irq_holding. Whether the line is to stay active.
bool call_holding(void* token, HoldingCall const& call) {
    return call.function(token, call.argument) != 0;
}

// Returns whether the line stays active.
bool run_top_half(SimCpu& sim_cpu, LineEntry& line) {
    ++sim_cpu.depth;
    sim_cpu.deepest = sim_cpu.depth > sim_cpu.deepest ? sim_cpu.depth : sim_cpu.deepest;
    sim_cpu.masked = false;
    point();  // a higher line may nest before the first statement
    void* const token = reinterpret_cast<u8*>(&line) - offsetof(PerCpu, lines);
    bool stays_active = false;
    if (line.handler == &pivot_irq_holding) {
        stays_active = call_holding(token, *static_cast<HoldingCall*>(line.argument));
    } else {
        line.handler(token, line.argument);
    }
    point();
    sim_cpu.masked = true;
    --sim_cpu.depth;
    return stays_active;
}

// vectors.S: irq_thread_attention. Something waits: a bottom half, a thread switch, a held-off
// line. The thread may go on upon another CPU than the one it was interrupted on.
void attend_thread(u64 spl) {
    while ((this_cpu().attention & ~spl) != 0) {
        point();  // masked: only other CPUs
        bool const straight = spl == 0 && static_cast<u32>(this_cpu().attention) == 0;
        if (!straight || !interrupt_to_bottom_half(this_cpu())) {
            this_cpu().spl = spl | SPL_SOFT;
            cpu()->masked = false;
            point();
            pivot_attend_pass(spl);
        }
        cpu()->masked = true;
        this_cpu().spl = spl;
    }
}

// What the controller enforces for certain; without priorities, it is the masks that say so.
void note_enforced(PerCpu& cpu, u64 spl) {
    if (SimController::has_priorities()) {
        cpu.hardware = spl;
    }
}

// A controller without priorities: the lines that had to wait for this top half. Interrupts stay
// masked, so the lines come when this frame is gone.
void replay_before_return(PerCpu& cpu, u64 spl) {
    if (!SimController::has_priorities() && static_cast<u32>(cpu.attention & ~spl) != 0) {
        cpu.spl = spl | SPL_SOFT;
        pivot_attend_pass(spl | SPL_SOFT);
        cpu.spl = spl;
    }
}

// vectors.S: irq_nested_attention.
void attend_nested(PerCpu& cpu, u64 spl) {
    if ((cpu.attention & ~spl) != 0) {
        pivot_attend_pass(spl);
        cpu.spl = spl;
        note_enforced(cpu, spl);
    }
}

// From the acknowledge to where exit looks at what waits.
void run_line(SimCpu& sim_cpu, PerCpu& cpu, u32 intid, u64 spl) {
    LineEntry& line = cpu.lines[intid];
    cpu.spl = line.spl;
    note_enforced(cpu, line.spl);
    bool const stays_active = run_top_half(sim_cpu, line);
    if (line.handler != &pivot_irq_special) {
        SimController::drop(line.number);
        if (!stays_active) {
            SimController::deactivate(line.number);
        }
    }
    ++line.count;
    cpu.spl = spl;
    note_enforced(cpu, spl);
}

}  // namespace

void take_interrupt() {
    SimCpu& sim_cpu = *cpu();
    PerCpu& cpu = this_cpu();
    bool const nested = sim_cpu.depth != 0;
    sim_cpu.masked = true;
    point();  // masked: only other CPUs
    u64 const spl = cpu.spl;
    bool returns_at_once = false;
    u32 const intid = find_line(cpu, spl, returns_at_once);
    if (returns_at_once) {
        sim_cpu.masked = false;
        return;
    }
    cpu.nesting += nested ? 1 : 0;
    run_line(sim_cpu, cpu, intid, spl);
    cpu.nesting -= nested ? 1 : 0;
    if (nested) {
        attend_nested(cpu, spl);
    } else {
        replay_before_return(cpu, spl);
        attend_thread(spl);
    }
    sim::cpu()->masked = false;
}

}  // namespace pivot::sim

// The line table's entry for "there was nothing": take_interrupt ends no interrupt then.
void pivot_irq_special(void*, void*) {}

// And for a line that may stay active, whose top half run_top_half calls by itself.
void pivot_irq_holding(void*, void*) {}
