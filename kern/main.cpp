// The boot order, as one list. Everything here happens once, on the boot CPU, in this order; each
// line may rely on those above it and on nothing below.
#include "kern/main.hpp"

#include "arch/board/board.hpp"
#include "arch/board/console.hpp"
#include "arch/contract/upcalls.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/bottom_half.hpp"
#include "intr/continuation.hpp"
#include "kern/clock.hpp"
#include "kern/sched.hpp"
#include "mmu.hpp"

PIVOT_STACK(pivot_boot_thread_stack, pivot::kBootThreadStackSize);
PIVOT_STACK(pivot_idle_stack, 4096);

namespace pivot {
namespace {

constexpr u32 kBootPriority = 8;

constinit RunQueue g_run_queues[kMaxCpus]{};
constinit Thread g_boot_thread{"main"};
constinit Thread g_idle_thread{"idle"};
constinit int g_nothing = 0;

void idle(MayBlock const&, int&) {
    for (;;) {
        cpu_idle();
    }
}

// A CPU's clock: the top half hands everything to softclock. One object a CPU, because a
// continuation is in one queue at a time.
struct CpuClock;
void run_due(MayBlock const& context, CpuClock&) { Clock::run_due(context); }

struct CpuClock {
    Continuation due = Continuation::to<&run_due>(Ipl::softclock, *this);
};
constinit CpuClock g_clocks[kMaxCpus]{};

void clock_top_half(TopHalf<Ipl::sched> const& context, CpuClock& clock) {
    VirtualTimer::quiet();
    clock.due.schedule(context);
}

// On each CPU.
void start_clock() {
    LineError const error = BoardLines::request<&clock_top_half>(Board::kVirtualTimerLine, "clock",
                                                                 g_clocks[this_cpu().id]);
    PIVOT_REQUIRE(error == LineError::none, "the clock's line cannot be had", text_of(error));
    (void)BoardLines::enable(Board::kVirtualTimerLine);
}

void start_threads() {
    Scheduler::start_cpu(this_cpu(), g_run_queues[0], g_boot_thread,
                         pivot_boot_thread_stack.bottom(), pivot_boot_thread_stack.top(),
                         kBootPriority);
    start_bottom_halves();
    ThreadError const error = g_idle_thread.start_idle<&idle>(pivot_idle_stack, g_nothing);
    PIVOT_REQUIRE(error == ThreadError::none, "the idle thread does not start");
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
    start_polled_console();                 // from here on a panic can be read
    port::unmap_guards();                   // from here on a stack overflow is caught
    Board::Controller::init_distributor();  // every line disabled
    BoardLines::init_cpu(this_cpu());       // this CPU's line table and controller interface
    // we are the thread "main" now; bottom halves and idle wait
    start_threads();
    Clock::set_alarm(&VirtualTimer::arm);
    start_clock();  // sleeping works once interrupts are in
    interrupts_enable();
    BootThread::run();
    machine_exit(0);
}
