// What is a register access, an instruction or an exclusive pair on the target. Not instrumented:
// within one of these nothing comes between, before and after it anything may.
#include "arch/host/cpu.hpp"

#include "arch/host/world.hpp"

namespace pivot::port {
namespace {

using namespace sim;

constinit thread_local PerCpu* t_this_cpu = nullptr;

// Makes one step of what is one on the target: other CPUs may be other host threads.
constinit bool g_pair_step = false;
class PairStep {
  public:
    PairStep() {
        while (__atomic_test_and_set(&g_pair_step, __ATOMIC_ACQUIRE)) {
        }
    }
    PairStep(PairStep const&) = delete;
    PairStep& operator=(PairStep const&) = delete;
    ~PairStep() { __atomic_clear(&g_pair_step, __ATOMIC_RELEASE); }
};

}  // namespace

// Behind a call, and one that is not inlined: a thread that goes on upon another host thread's CPU
// must not use what it found upon the first.
[[gnu::noinline]] PerCpu& Cpu::this_cpu() {
    asm volatile("");
    return *t_this_cpu;
}
void Cpu::set_this_cpu(PerCpu* cpu) { t_this_cpu = cpu; }

Thread* Cpu::current() {
    point();
    return this_cpu().current;
}

u64 Cpu::read_spl() {
    point();
    return this_cpu().spl;
}

void Cpu::write_spl(u64 spl) {
    point();
    this_cpu().spl = spl;
}

u64 Cpu::read_attention() {
    point();
    return this_cpu().attention;
}

void Cpu::read_held_and_spl(SpinMutexBase*& held, u64& spl) {
    point();
    held = this_cpu().held;
    spl = this_cpu().spl;
}

void Cpu::write_held_and_spl(SpinMutexBase* held, u64 spl) {
    point();
    this_cpu().held = held;
    this_cpu().spl = spl;
}

bool Cpu::acquire_if_zero(u64* word, u64 value) {
    far_point();
    u64 expected = 0;
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

bool Cpu::set_if_clear(u64* word, u64 test, u64 set) {
    far_point();
    u64 seen = __atomic_load_n(word, __ATOMIC_RELAXED);
    while ((seen & test) == 0) {
        if (__atomic_compare_exchange_n(word, &seen, seen | set, false, __ATOMIC_ACQUIRE,
                                        __ATOMIC_RELAXED)) {
            return true;
        }
    }
    return false;
}

bool Cpu::store_second_if_first(u64* pair, u64 value, u64& before) {
    far_point();
    PairStep const step;
    if (__atomic_load_n(&pair[0], __ATOMIC_ACQUIRE) == 0) {
        return false;
    }
    before = pair[1];
    pair[1] = value;
    return true;
}

bool Cpu::try_lock_word(u64* word, u64& value) {
    far_point();
    value = __atomic_load_n(word, __ATOMIC_RELAXED);
    return (value & 1) == 0 && __atomic_compare_exchange_n(word, &value, value | 1, false,
                                                           __ATOMIC_ACQUIRE, __ATOMIC_RELAXED);
}

u64 Cpu::lock_word(u64* word) {
    u64 value;
    while (!try_lock_word(word, value)) {
        relax();
    }
    return value;
}

// Waking without a change is allowed, and all that a test can rely on.
void Cpu::wait_for_change(u64 const*, u64) { relax(); }

void Cpu::interrupt_cpu(PerCpu const& cpu, u32 sgi) {
    far_point();
    SimCpu const* const here = sim::cpu();
    if (here->world != nullptr) {
        here->world->send(cpu, sgi);
    } else {
        SimController::ask(sgi);  // the only one
    }
    point();
}

}  // namespace pivot::port

namespace pivot::sim {

SoftRun let_go(SoftCall& call) {
    port::PairStep const step;
    SoftRun const run{__atomic_load_n(&call.next, __ATOMIC_RELAXED), call.function};
    call.function = call.usual;
    __atomic_store_n(&call.next, nullptr, __ATOMIC_RELEASE);
    return run;
}

}  // namespace pivot::sim
