#include "kern/panic_stop.hpp"

#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "kern/cross_call.hpp"
#include "kern/panic_report.hpp"
#include "kern/thread.hpp"

namespace pivot {
namespace {

enum class State : u32 { running, stopped, panicked };

// What a CPU leaves; `state` last.
struct Left {
    u32 state;  // a State
    const char* words;
    TrapFrame const* frame;
};
constinit Left g_left[kMaxCpus]{};

State state_of(u32 id) { return static_cast<State>(atomic::load_acquire(&g_left[id].state)); }

u64 others() { return online_set() & ~(u64{1} << this_cpu().id); }

[[noreturn]] void stay(State state, const char* words, TrapFrame const& frame) {
    Left& left = g_left[this_cpu().id];
    left.words = words;
    left.frame = &frame;
    atomic::store_release(&left.state, static_cast<u32>(state));
    for (;;) {
        cpu_idle();
    }
}

// Its own function, so that the backtrace begins in its caller, which has a frame record.
[[noreturn, gnu::noinline]] void stop_here() {
    interrupts_disable();
    stay(State::stopped, nullptr, capture_registers());
}

bool all_have_stopped() {
    bool all = true;
    for_each_cpu(others(), [&](PerCpu const& cpu) { all &= state_of(cpu.id) != State::running; });
    return all;
}

bool is_idle(PerCpu const& cpu) {
    return cpu.current != nullptr && cpu.current->priority() == kIdlePriority;
}

void print_stopped(PerCpu const& cpu, Left const& left) {
    bool const in_thread = cpu.nesting == 0;  // the stop itself does not count
    print_cpu(cpu, {interrupted_spl(cpu, *left.frame), cpu.nesting,
                    in_thread && is_idle(cpu) ? ", idle" : ", running"});
    print_interrupted(cpu, *left.frame);
}

void print_panicked(PerCpu const& cpu, Left const& left) {
    print_cpu(cpu, {cpu.spl, is_top_half(*left.frame) ? 1 + cpu.nesting : 0,
                    ", also panicked: ", left.words});
    print_backtrace(cpu, *left.frame);
}

void print_other(PerCpu const& cpu) {
    Left const& left = g_left[cpu.id];
    switch (state_of(cpu.id)) {
        case State::running:  // its PerCpu can be read, its registers cannot
            print_cpu(cpu, {cpu.spl, cpu.nesting, ", did not stop within 1 s"});
            return;
        case State::stopped:
            print_stopped(cpu, left);
            return;
        case State::panicked:
            print_panicked(cpu, left);
            return;
    }
}

}  // namespace

void stop_top_half(TopHalf<Ipl::high> const&, int&) { stop_here(); }

void stop_panicked(const char* words, TrapFrame const& frame) {
    stay(State::panicked, words, frame);
}

void stop_others() {
    for_each_cpu(others(),
                 [](PerCpu const& cpu) { interrupt_cpu(cpu, static_cast<u32>(Ipi::stop)); });
    for (u64 const end = counter() + counter_hz(); !all_have_stopped() && counter() < end;) {
        cpu_relax();
    }
}

void print_others() {
    for_each_cpu(others(), [](PerCpu const& cpu) { print_other(cpu); });
}

}  // namespace pivot
