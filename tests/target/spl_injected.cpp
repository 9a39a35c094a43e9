// An interrupt at every instruction of raising and lowering the SPL: whether it is held off,
// delivered by splx or comes at once, it is delivered once, and the SPL, the mask and the marks are
// as they were. (A splx that tests before it stores loses the interrupt that comes in between: the
// seeded bug splx_race.)
#include "kern/main.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/injector.hpp"

namespace pivot {
namespace {

using namespace test;

constinit u64 g_injections = 0;

template <typename Operation>
void inject_in_thread(Operation&& operation) {
    g_injections += at_every_instruction(operation, [] { check_calm(); });
}

template <Ipl L>
void raise_and_lower() {
    Spl const old = splraise(L);
    splx(old);
}

void up_and_down_the_stairs() {
    Spl const none = splraise(Ipl::softnet);
    Spl const soft = splraise(Ipl::vm);
    Spl const vm = splraise(Ipl::sched);
    Spl const sched = splraise(Ipl::high);
    splx(sched);
    splx(vm);
    splx(soft);
    splx(none);
}

// splx has something to deliver itself while the injected interrupt comes.
void with_lines_held_off() {
    Spl const none = splraise(Ipl::vm);
    Spl const vm = splraise(Ipl::high);
    v.pend();
    s.pend();
    h.pend();
    splx(vm);
    splx(none);
}

void check_all_ran() {
    check_calm();
    u32 runs[3] = {};
    for (u32 i = 0; i < trace.length(); ++i) {
        char const event = trace.text()[i];
        runs[0] += event == 'v';
        runs[1] += event == 's';
        runs[2] += event == 'h';
    }
    CHECK_EQUAL(runs[0], 1);
    CHECK_EQUAL(runs[1], 1);
    CHECK_EQUAL(runs[2], 1);
    trace.clear();
}

constinit SpinMutex<Ipl::vm> g_outer{"outer"};
constinit SpinMutex<Ipl::high> g_inner{"inner"};

template <Ipl L>
void in_a_thread(MayBlock const& context) {
    start_injector<L>();
    inject_in_thread(&raise_and_lower<Ipl::softclock>);
    inject_in_thread(&raise_and_lower<Ipl::vm>);
    inject_in_thread(&raise_and_lower<Ipl::sched>);
    inject_in_thread(&raise_and_lower<Ipl::high>);
    inject_in_thread(&up_and_down_the_stairs);
    g_injections += at_every_instruction(&with_lines_held_off, &check_all_ran);
    inject_in_thread([&] {
        SpinGuard const outer{g_outer, context};
        SpinGuard const inner{g_inner, context};
    });
    inject_in_thread([&] {
        g_outer.lock(context);
        g_inner.lock(context);
        g_outer.unlock();
        g_inner.unlock();
    });
    stop_injector();
}

// In a top half at vm: the invariant after each is that top half's level.
void check_top_half_state() {
    PerCpu const& cpu = this_cpu();
    CHECK_EQUAL(cpu.spl, held_at(Ipl::vm));
    CHECK_EQUAL(cpu.nesting, 0);
    CHECK(static_cast<u32>(cpu.mask & ~held_at(Ipl::vm)) == 0);
}

template <Ipl L>
void in_a_top_half() {
    start_injector<L>();
    v.does = [](Here const&) {
        auto const up_and_down = [] {
            Spl const vm = splraise(Ipl::sched);
            Spl const sched = splraise(Ipl::high);
            splx(sched);
            splx(vm);
        };
        g_injections += at_every_instruction(up_and_down, &check_top_half_state);
        g_injections += at_every_instruction(&raise_and_lower<Ipl::high>, &check_top_half_state);
    };
    v.pend();
    CHECK_TRACE("v.");
    check_calm();
    stop_injector();
}

// Interrupt exit itself: the thread's interrupt ends while a higher one comes, at each instruction,
// with and without a mask to be undone on the way.
template <Ipl L>
void around_a_whole_interrupt() {
    start_injector<L>();
    g_injections += at_every_instruction([] { v.pend(); },
                                         [] {
                                             CHECK_TRACE("v.");
                                             check_calm();
                                         });
    g_injections += at_every_instruction(
        [] {
            v.does = [](Here const&) {
                SplGuard const guard{Ipl::sched};
                s.pend();
            };
            v.pend();
        },
        [] {
            CHECK_TRACE("vs..");
            check_calm();
        });
    stop_injector();
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    in_a_thread<Ipl::vm>(context);
    in_a_thread<Ipl::sched>(context);
    in_a_thread<Ipl::high>(context);
    in_a_top_half<Ipl::sched>();
    in_a_top_half<Ipl::high>();
    around_a_whole_interrupt<Ipl::sched>();
    around_a_whole_interrupt<Ipl::high>();
    log("{} interrupts injected", g_injections);
    passed("SPL interrupted at every instruction");
}

}  // namespace pivot
