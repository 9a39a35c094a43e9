// A panic on a machine with four CPUs: what the others do when it comes, and what is said of them,
// a case a run (smp.cmake has the texts).
#include "arch/board/board.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/target/command.hpp"
#include "tests/target/on_cpu.hpp"

PIVOT_STACK(g_digger_stack, 4096);
PIVOT_STACK(g_runner_stack, 4096);

namespace pivot::test {
namespace {

constinit SpinMutex<Ipl::sched> g_mutex{"the-mutex"};
constinit Thread g_digger{"digger"};
constinit Thread g_runner{"runner"};
constinit int g_nothing = 0;
constinit u32 g_there = 0;  // CPUs that do what the case asks for

[[gnu::noipa]] void spin_for_ever() {
    atomic::fetch_add(&g_there, 1u);
    for (;;) {
        cpu_relax();
    }
}

void wait_for_others(u32 count) {
    wait_until([&] { return atomic::load_acquire(&g_there) == count; }, "the other CPUs");
}

[[gnu::noipa]] u64 dig(u64 depth) {
    volatile u64 hole[16];
    hole[depth % 16] = depth;
    return depth == 0 ? depth : dig(depth + 1) + hole[depth % 16];
}

void idle(MayBlock const&) { panic("the others sleep"); }

void run_in_a_thread(MayBlock const&, int&) { spin_for_ever(); }

void running(MayBlock const&) {
    run_on(1, [](MayWake const&) {
        CHECK(g_runner.start<&run_in_a_thread>(g_runner_stack, 10, g_nothing) == ThreadError::none);
    });
    wait_for_others(1);
    panic("another one runs");
}

// CPU 1 holds the mutex, CPU 2 wants it.
void spin_mutex(MayBlock const&) {
    begin_on(1, [](MayWake const& context) {
        g_mutex.lock(context);
        spin_for_ever();
    });
    wait_for_others(1);
    begin_on(2, [](MayWake const& context) {
        atomic::fetch_add(&g_there, 1u);
        g_mutex.lock(context);
    });
    wait_for_others(2);
    for (u64 const end = counter() + counter_hz() / 100; counter() < end;) {
    }
    panic("a spin mutex is held");
}

void spl_high(MayBlock const&) {
    begin_on(1, [](MayWake const&) {
        SplGuard const hold(Ipl::high);
        spin_for_ever();
    });
    wait_for_others(1);
    panic("another one holds off everything");
}

void stuck_top_half(TopHalf<Ipl::high> const&, int&) { spin_for_ever(); }

void dig_top_half(TopHalf<Ipl::sched> const&, int&) { (void)dig(1); }

template <auto TopHalfFunction>
void interrupt_cpu_1() {
    run_on(1, [](MayWake const&) {
        (void)BoardLines::request<TopHalfFunction>(Board::kSpareLines[0], "spare", g_nothing);
        (void)BoardLines::enable(Board::kSpareLines[0]);
    });
    (void)BoardLines::pend(Board::kSpareLines[0]);
}

void top_half(MayBlock const&) {
    interrupt_cpu_1<&stuck_top_half>();
    wait_for_others(1);
    panic("another one is in a top half");
}

void masked(MayBlock const&) {
    begin_on(1, [](MayWake const&) {
        interrupts_disable();
        spin_for_ever();
    });
    wait_for_others(1);
    panic("another one is deaf");
}

// All four at the same moment: with interrupts masked, or the first one's stop would be quicker
// than the others' panic.
[[gnu::noipa]] void panic_together() {
    interrupts_disable();
    atomic::fetch_add(&g_there, 1u);
    wait_for_others(cpus_online());
    panic("one of several");
}

void at_once(MayBlock const&) {
    for (u32 id = 1; id < cpus_online(); ++id) {
        begin_on(id, [](MayWake const&) { panic_together(); });
    }
    panic_together();
}

void dig_in_a_thread(MayBlock const&, int&) { (void)dig(1); }

void wait_for_the_end() {
    wait_until([] { return false; }, "a panic");
}

void overflow_thread(MayBlock const&) {
    begin_on(1, [](MayWake const&) {
        CHECK(g_digger.start<&dig_in_a_thread>(g_digger_stack, 10, g_nothing) == ThreadError::none);
    });
    wait_for_the_end();
}

void overflow_interrupt(MayBlock const&) {
    interrupt_cpu_1<&dig_top_half>();
    wait_for_the_end();
}

struct Case {
    const char* name;
    void (*run)(MayBlock const& context);
};

constexpr Case kCases[] = {
    {"idle", &idle},
    {"running", &running},
    {"spin-mutex", &spin_mutex},
    {"spl-high", &spl_high},
    {"top-half", &top_half},
    {"masked", &masked},
    {"at-once", &at_once},
    {"overflow-thread", &overflow_thread},
    {"overflow-interrupt", &overflow_interrupt},
};

}  // namespace
}  // namespace pivot::test

void pivot::image_main(MayBlock const& context) {
    using namespace test;
    CommandLine const command;
    for (Case const& one : kCases) {
        if (same(one.name, command.word(0))) {
            one.run(context);
        }
    }
    log("no case is called '{}'", command.word(0));
    machine_exit(2);
}
