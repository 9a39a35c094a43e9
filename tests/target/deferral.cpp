// lock_or_defer: a top half that wants an adaptive mutex, for each thing that its owner may be
// doing; what the controller's registers say of the line meanwhile; and who lends the owner what.
//
// The trace: D the top half begins; t it has the mutex, d it does not; c the continuation begins
// with the line active and the mutex held, C with the line not active any more. Others say what
// their letters mean.
#include "intr/deferral.hpp"

#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "tests/target/command.hpp"
#include "tests/target/works.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr LineId kSpi{Board::kSpareLines[2].intid() + 1};
constexpr LineId kHighSpi{Board::kSpareLines[2].intid() + 2};
constexpr LineId kPpi = Board::kPhysicalTimerLine;

constinit AdaptiveMutex g_mutex{"port"};

void serve(MayBlock const& context, struct Port& port);

// A device: its line, and what its top half and its continuation do besides, once each.
struct Port {
    LineId line;
    void (*inside)() = nullptr;                         // the top half, with the mutex
    void (*within)(MayBlock const& context) = nullptr;  // the continuation
    LockedContinuation after = LockedContinuation::to<&serve>(Ipl::softnet, g_mutex, *this);

    [[nodiscard]] bool is_active() const { return Gic::is_active(line.intid()); }
    [[nodiscard]] LineInfo const& info() const { return line_info(line.intid()); }
};

template <Ipl L>
LineEnd top_half(TopHalf<L> const& context, Port& port) {
    trace.add('D');
    auto const lock = lock_or_defer(context, g_mutex, port.after);
    trace.add(lock.is_taken() ? 't' : 'd');
    if (auto const inside = port.inside; lock.is_taken() && inside != nullptr) {
        port.inside = nullptr;
        inside();
    }
    return lock.end();
}

void serve(MayBlock const& context, Port& port) {
    g_mutex.assert_held();
    trace.add(port.is_active() ? 'c' : 'C');
    if (auto const within = port.within; within != nullptr) {
        port.within = nullptr;
        within(context);
    }
}

constinit Port g_spi{.line = kSpi};
constinit Port g_high{.line = kHighSpi};
constinit Port g_ppi{.line = kPpi};

void pend(LineId line) {
    compiler_barrier();  // what the top half is to find has been stored
    Gic::pend(line.intid());
    port::dsb_sy();
    port::isb();
}

template <Ipl L>
void attach(Port& port) {
    CHECK(BoardLines::request<&top_half<L>>(port.line, "port", port) == LineError::none);
    CHECK(BoardLines::enable(port.line) == LineError::none);
}

// Between two scenarios: nobody has anything, and nobody is lent anything.
void check_free() {
    CHECK(g_mutex.owner() == nullptr);
    for (Port const* port : {&g_spi, &g_high, &g_ppi}) {
        CHECK(!port->is_active());
        CHECK_EQUAL(line_holds(port->line.intid()), 0);
        CHECK(!port->after.is_queued());
    }
    CHECK_EQUAL(current_thread().priority(), current_thread().base_priority());
    check_calm();
    CHECK_TRACE("");
}

void free_it_is_taken() {
    u32 const before = g_spi.info().locks_taken;
    g_spi.inside = [] {
        CHECK(g_mutex.owner() == &current_thread());
        CHECK(on_interrupt_stack());
        trace.add('i');
    };
    pend(kSpi);
    CHECK_TRACE("Dti");
    CHECK_EQUAL(g_spi.info().locks_taken, before + 1);
    check_free();
}

// The owner is the very thread that was interrupted. The line stays active, asks in vain, and the
// others come.
void the_interrupted_thread_owns_it(MayBlock const& context, Port& port) {
    u32 const before = port.info().locks_deferred;
    u32 const of_mutex = g_mutex.deferrals();
    u32 const runs = this_cpu().lines[port.line.intid()].count;
    g_mutex.lock(context);
    pend(port.line);
    CHECK_TRACE("Dd");
    CHECK(port.is_active());
    CHECK_EQUAL(line_holds(port.line.intid()), 1);
    CHECK(port.after.is_queued());
    CHECK_EQUAL(current_thread().priority(), kRunLevels - 1 - soft_slot(Ipl::softnet));
    pend(port.line);
    CHECK(port.is_active() && Gic::is_pending(port.line.intid()));
    v.pend();
    s.pend();
    CHECK_TRACE("v.s.");
    g_mutex.unlock(context);
    CHECK_TRACE("cDt");  // and what had been asked meanwhile
    CHECK_EQUAL(port.info().locks_deferred, before + 1);
    CHECK_EQUAL(g_mutex.deferrals(), of_mutex + 1);
    CHECK_EQUAL(this_cpu().lines[port.line.intid()].count, runs + 2);
    check_free();
}

// Two lines wait for the same mutex: in the order in which they came.
void two_lines_wait(MayBlock const& context) {
    g_mutex.lock(context);
    pend(kSpi);
    pend(kPpi);
    pend(kHighSpi);
    CHECK_TRACE("DdDdDd");
    CHECK(g_spi.is_active() && g_ppi.is_active() && g_high.is_active());
    g_mutex.unlock(context);
    CHECK_TRACE("ccc");
    check_free();
}

// A top half that has the mutex is itself interrupted by one that wants it.
void a_top_half_owns_it() {
    g_spi.inside = [] {
        pend(kHighSpi);
        trace.add('i');
        CHECK(g_high.is_active());
    };
    pend(kSpi);
    CHECK_TRACE("DtDdic");
    check_free();
}

// The owner has been preempted by a thread that computes; the line comes while that one runs. What
// the owner is lent brings it to the end of its work at once.
constinit Thread g_low{"low"};
constinit Thread g_hog{"hog"};
constinit Semaphore g_gate{"gate"};
int g_nothing = 0;
PIVOT_STACKS(g_stacks, 2, 8192);

// Lets a thread of lower priority come to where it waits.
void until(MayBlock const& context, Thread const& thread, ThreadState state) {
    while (thread.state() != state) {
        Clock::sleep_ns(context, 100'000);
    }
}

void low(MayBlock const& context, int&) {
    g_mutex.lock(context);
    trace.add('l');
    CHECK(g_hog.resume(context) == ThreadError::none);  // preempted here
    trace.add('o');
    g_mutex.unlock(context);
    trace.add('.');
}

void hog(MayBlock const& context, int&) {
    CHECK(g_hog.suspend(context) == ThreadError::none);
    trace.add('h');
    CHECK(g_mutex.owner() == &g_low);
    pend(kSpi);
    trace.add('H');
    CHECK(!g_spi.is_active());
    CHECK_EQUAL(g_low.priority(), g_low.base_priority());
}

void a_preempted_thread_owns_it(MayBlock const& context) {
    CHECK(g_hog.start<&hog>(g_stacks[0], 20, g_nothing) == ThreadError::none);
    until(context, g_hog, ThreadState::suspended);
    CHECK(g_low.start<&low>(g_stacks[1], 3, g_nothing) == ThreadError::none);
    CHECK(g_low.join(context) == ThreadError::none);
    CHECK(g_hog.join(context) == ThreadError::none);
    CHECK_TRACE("lhDdocH.");
    check_free();
}

// The owner sleeps. The others of the continuation's level do not wait for that.
void sleeper(MayBlock const& context, int&) {
    g_mutex.lock(context);
    trace.add('l');
    g_gate.wait(context);
    trace.add('o');
    g_mutex.unlock(context);
    trace.add('.');
}

void a_sleeping_thread_owns_it(MayBlock const& context) {
    CHECK(g_low.start<&sleeper>(g_stacks[0], 3, g_nothing) == ThreadError::none);
    until(context, g_low, ThreadState::blocked);
    pend(kSpi);
    CHECK_EQUAL(g_low.priority(), kRunLevels - 1 - soft_slot(Ipl::softnet));
    CHECK(net_work.schedule(context));
    CHECK_TRACE("lDdn.");
    CHECK(g_spi.is_active());
    g_gate.post(context);
    CHECK_TRACE("oc");  // it outranks us until it releases the mutex
    CHECK(!g_spi.is_active());
    CHECK(g_low.join(context) == ThreadError::none);
    CHECK_TRACE(".");
    check_free();
}

// Delivered, it finds the mutex taken again, by a bottom half that sleeps with it: back it goes,
// and the bottom half goes on with the others.
void it_is_taken_again_before_the_continuations_turn(MayBlock const& context) {
    u32 const of_mutex = g_mutex.deferrals();
    g_serial.does = [](MayBlock const& inner) {
        AdaptiveGuard const guard(g_mutex, inner);
        g_gate.wait(inner);
    };
    g_mutex.lock(context);
    pend(kSpi);
    {
        NoPreemption const hold;
        CHECK(serial_work.schedule(context));
        g_mutex.unlock(context);
        CHECK(net_work.schedule(context));
    }
    CHECK_TRACE("Ddrn.");
    CHECK_EQUAL(g_mutex.deferrals(), of_mutex + 2);
    CHECK(g_spi.is_active());
    g_gate.post(context);
    CHECK_TRACE(".c");
    check_free();
}

// It may block with the mutex: the interrupted thread goes on, the line stays active.
void the_continuation_blocks(MayBlock const& context) {
    g_spi.within = [](MayBlock const& inner) {
        g_gate.wait(inner);
        trace.add('w');
    };
    g_mutex.lock(context);
    pend(kSpi);
    g_mutex.unlock(context);
    CHECK_TRACE("Ddc");
    CHECK(g_spi.is_active());
    CHECK(g_mutex.owner() != nullptr && g_mutex.owner() != &current_thread());
    pend(kHighSpi);  // the owner sleeps: deferred, too
    CHECK_TRACE("Dd");
    g_gate.post(context);
    CHECK_TRACE("wc");
    check_free();
}

// Released with a continuation left on the mutex: its run comes, and ends the line's active state.
void released_while_deferred(MayBlock const& context) {
    g_mutex.lock(context);
    pend(kSpi);
    CHECK(BoardLines::release(kSpi) == LineError::none);
    CHECK(g_spi.is_active());
    attach<Ipl::vm>(g_spi);
    pend(kSpi);
    CHECK_TRACE("Dd");
    g_mutex.unlock(context);
    CHECK_TRACE("cDt");
    check_free();
}

// Or it is cancelled: no run, and the line is let go of.
void cancelled_while_deferred(MayBlock const& context) {
    g_mutex.lock(context);
    pend(kSpi);
    CHECK(BoardLines::release(kSpi) == LineError::none);
    CHECK(g_spi.after.cancel(context));
    CHECK(!g_spi.after.cancel(context));
    CHECK(!g_spi.is_active());
    g_mutex.unlock(context);
    CHECK_TRACE("Dd");
    attach<Ipl::vm>(g_spi);
    CHECK(!g_spi.after.is_queued());
    pend(kSpi);
    CHECK_TRACE("Dt");
    check_free();
}

void cancelled_and_waited_for(MayBlock const& context) {
    CHECK(g_low.start<&sleeper>(g_stacks[0], 3, g_nothing) == ThreadError::none);
    until(context, g_low, ThreadState::blocked);
    pend(kSpi);
    CHECK_TRACE("lDd");
    CHECK(BoardLines::release(kSpi) == LineError::none);
    g_gate.post(context);
    CHECK_TRACE("oc");
    CHECK(g_low.join(context) == ThreadError::none);
    trace.clear();
    attach<Ipl::vm>(g_spi);
    g_mutex.lock(context);
    pend(kSpi);
    g_mutex.unlock(context);
    g_spi.after.cancel_and_wait(context);  // nothing to cancel
    CHECK_TRACE("Ddc");
    check_free();
}

// Scheduled by other means as well, it is one run more at most, and the line is let go of after it.
void scheduled_and_deferred(MayBlock const& context) {
    g_mutex.lock(context);
    {
        NoPreemption const hold;
        CHECK(g_spi.after.schedule(context));
        Gic::pend(kSpi.intid());
        port::dsb_sy();
        port::isb();
        CHECK_TRACE("Dd");
    }
    CHECK(g_spi.is_active());
    CHECK(g_spi.after.is_queued());
    CHECK_TRACE("");
    CHECK(!g_spi.after.schedule(context));
    g_mutex.unlock(context);
    CHECK_TRACE("c");
    CHECK(g_spi.after.schedule(context));
    CHECK_TRACE("C");  // as any other continuation
    check_free();
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    attach<Ipl::vm>(g_spi);
    attach<Ipl::high>(g_high);
    attach<Ipl::sched>(g_ppi);
    CHECK(current_thread().set_priority(context, 10) == ThreadError::none);
    if (CommandLine().has("panic-on-defer")) {
        Deferral::panic_on_defer(true);
    }
    free_it_is_taken();
    the_interrupted_thread_owns_it(context, g_spi);
    the_interrupted_thread_owns_it(context, g_high);
    the_interrupted_thread_owns_it(context, g_ppi);
    two_lines_wait(context);
    a_top_half_owns_it();
    a_preempted_thread_owns_it(context);
    a_sleeping_thread_owns_it(context);
    it_is_taken_again_before_the_continuations_turn(context);
    the_continuation_blocks(context);
    released_while_deferred(context);
    cancelled_while_deferred(context);
    cancelled_and_waited_for(context);
    scheduled_and_deferred(context);
    check_free();
    passed("deferral");
}

}  // namespace pivot
