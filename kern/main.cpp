// The boot order, as two lists: the boot CPU's and every other CPU's. Everything in them happens
// once a CPU, in this order; each line may rely on those above it and on nothing below.
#include "kern/main.hpp"

#include "arch/board/board.hpp"
#include "arch/board/console.hpp"
#include "arch/contract/upcalls.hpp"
#include "arch/dev/generic_timer.hpp"
#include "bring_up.hpp"
#include "intr/bottom_half.hpp"
#include "intr/continuation.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/cross_call.hpp"
#include "kern/panic_stop.hpp"
#include "kern/sched.hpp"
#include "kern/secondary.hpp"
#include "mmu.hpp"

PIVOT_STACK(pivot_boot_thread_stack, pivot::kBootThreadStackSize);
PIVOT_STACKS(pivot_idle_stacks, pivot::kMaxCpus, pivot::kIdleStackSize);

namespace pivot {
namespace {

constexpr u32 kBootPriority = 8;
constexpr Sgi kCallLine{static_cast<u32>(Ipi::call)};
constexpr Sgi kStopLine{static_cast<u32>(Ipi::stop)};

constinit RunQueue g_run_queues[kMaxCpus]{};
constinit Thread g_boot_thread{"main"};
constinit int g_nothing = 0;

struct IdleThread : Thread {
    constexpr IdleThread() : Thread("idle") {}
};
constinit IdleThread g_idle_threads[kMaxCpus]{};

[[noreturn]] void idle() {
    for (;;) {
        cpu_idle();
    }
}
void idle_thread(MayBlock const&, int&) { idle(); }

void run_due(MayBlock const& context, int&) { Clock::run_due(context); }
void run_calls(MayBlock const& context, int&) { CrossCall::run_all(context); }

// What the lines that every CPU has schedule there: a continuation is in one queue at a time, so
// each CPU has its own.
struct Deferred {
    Continuation run_due = Continuation::to<&pivot::run_due>(Ipl::softclock, g_nothing);
    Continuation run_calls = Continuation::to<&pivot::run_calls>(Ipl::softserial, g_nothing);
};
constinit Deferred g_deferred[kMaxCpus]{};

// A CPU's clock: the top half hands everything to softclock.
void clock_top_half(TopHalf<Ipl::sched> const& context, Deferred (&all)[kMaxCpus]) {
    VirtualTimer::quiet();
    all[this_cpu().id].run_due.schedule(context);
    spl_mark(this_cpu(), attention_byte(Ipl::softclock));  // if it is queued and does not run
}

void call_top_half(TopHalf<Ipl::sched> const& context, Deferred (&all)[kMaxCpus]) {
    all[this_cpu().id].run_calls.schedule(context);
    CrossCall::announce(context);
}

template <auto TopHalfFunction>
void request_line(LineId line, const char* name) {
    LineError const error = BoardLines::request<TopHalfFunction>(line, name, g_deferred);
    PIVOT_REQUIRE(error == LineError::none, "a line of the kernel's cannot be had", name);
}

// The lines that every CPU has, requested once.
void request_own_lines() {
    Clock::set_alarm(&VirtualTimer::arm);
    request_line<&clock_top_half>(Board::kVirtualTimerLine, "clock");
    request_line<&call_top_half>(kCallLine, "call");
    LineError const error =
        BoardLines::request_unmaskable<&stop_top_half>(kStopLine, "stop", g_nothing);
    PIVOT_REQUIRE(error == LineError::none, "a line of the kernel's cannot be had", "stop");
}

// And enabled on each.
void enable_own_lines() {
    (void)BoardLines::enable(Board::kVirtualTimerLine);
    (void)BoardLines::enable(kCallLine);
    (void)BoardLines::enable(kStopLine);
}

void start_threads() {
    Scheduler::start_cpu(this_cpu(), g_run_queues[0], g_boot_thread,
                         pivot_boot_thread_stack.bottom(), pivot_boot_thread_stack.top(),
                         kBootPriority);
    start_bottom_halves();
    ThreadError const error =
        g_idle_threads[0].start_idle<&idle_thread>(pivot_idle_stacks[0], g_nothing);
    PIVOT_REQUIRE(error == ThreadError::none, "the idle thread does not start");
}

// Every other CPU begins as its idle thread.
void start_as_idle(u32 id) {
    Scheduler::start_cpu(this_cpu(), g_run_queues[id], g_idle_threads[id],
                         pivot_idle_stacks[id].bottom(), pivot_idle_stacks[id].top(),
                         kIdlePriority);
    start_bottom_halves();
}

}  // namespace

// The boot code has become the thread "main": it gets the token of one.
struct BootThread {
    static void run() {
        ThreadStart::with_token([](MayBlock const& context) { image_main(context); });
    }
};

}  // namespace pivot

void pivot_main(pivot::u64) {
    using namespace pivot;
    port::lay_out_cpu(0, port::own_affinity());  // a fault finds its stacks
    start_polled_console();                      // from here on a panic can be read
    port::unmap_guards();                        // from here on a stack overflow is caught
    Board::Controller::init_distributor();       // every line disabled
    BoardLines::init_cpu(this_cpu());            // this CPU's line table and controller interface
    // we are the thread "main" now; bottom halves and idle wait
    start_threads();
    request_own_lines();
    enable_own_lines();  // sleeping works once interrupts are in
    interrupts_enable();
    join_online_set();
    start_secondaries();  // every CPU that there is runs, in idle
    BootThread::run();
    machine_exit(0);
}

void pivot_secondary_main(pivot::u64 id) {
    using namespace pivot;
    if (!arrive(static_cast<u32>(id))) {
        idle();  // interrupts are masked, and nobody knows of this CPU
    }
    BoardLines::init_cpu(this_cpu());
    start_as_idle(static_cast<u32>(id));
    enable_own_lines();
    interrupts_enable();
    join_online_set();  // the boot CPU goes on
    idle();
}
