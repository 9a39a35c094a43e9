// The rival models: where a line's handler runs, what happens when it blocks, and that the line is
// held off until it is done.
#include <initializer_list>

#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;
using Gic = Board::Controller;

constexpr LineId kLine = Board::kSpareLines[0];

// One driver for all models. T: the top half; s: the handler begins, e: it has the mutex and ends.
struct Driver {
    AdaptiveMutex mutex{"driver"};
    u32 served = 0;
    bool nap = false;  // the handler sleeps for a while, with the mutex

    static void top_half(TopHalf<Ipl::vm> const&, Driver& self) {
        trace.add('T');
        ++self.served;
    }
    static void serve(MayBlock const& context, Driver& self) {
        trace.add('s');
        CHECK(!on_interrupt_stack());
        AdaptiveGuard const guard(self.mutex, context);
        if (self.nap) {
            Clock::sleep_ns(context, 20'000'000);
        }
        ++self.served;
        trace.add('e');
    }
};
constinit Driver g_driver{};
constinit ThreadedLine g_line("threaded");
PIVOT_STACK(g_stack, 4096);

void pend() {
    CHECK(BoardLines::pend(kLine) == LineError::none);
    port::dsb_sy();
    port::isb();
}

void request(MayBlock const& context, LineModel model) {
    g_driver.served = 0;
    g_driver.nap = false;
    LineError const error = BoardLineModels::request<&Driver::top_half, &Driver::serve>(
        context, model, kLine, g_line, g_stack, g_driver);
    CHECK(error == LineError::none);
    CHECK(BoardLines::set_trigger(kLine, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(kLine) == LineError::none);
}

void release(MayBlock const& context) {
    CHECK(BoardLineModels::release(context, kLine, g_line) == LineError::none);
    CHECK(!Gic::is_enabled(kLine.intid()) && !Gic::is_active(kLine.intid()));
    CHECK(!Gic::is_pending(kLine.intid()));
    check_calm();
}

// The lock is free: all models are done when the interrupted thread goes on.
void served_before_the_thread_goes_on(MayBlock const& context, LineModel model) {
    request(context, model);
    for (u32 i = 1; i <= 3; ++i) {
        pend();
        CHECK_EQUAL(g_driver.served, i);
    }
    CHECK_TRACE(model == LineModel::pivot ? "TTT" : "sesese");
    release(context);
}

// The interrupted thread has the mutex: the handler blocks, the thread goes on, lent the handler's
// priority, and the line stays off though it asks again.
void blocks_and_the_line_waits(MayBlock const& context, LineModel model, u32 lent) {
    request(context, model);
    u32 const own = current_thread().priority();
    g_driver.mutex.lock(context);
    pend();
    CHECK_TRACE("s");
    CHECK_EQUAL(current_thread().priority(), lent);
    pend();
    CHECK_TRACE("");
    CHECK(Gic::is_pending(kLine.intid()) && Gic::is_active(kLine.intid()));
    CHECK(Gic::is_enabled(kLine.intid()));
    g_driver.mutex.unlock(context);
    CHECK_TRACE("ese");  // and once more, for what came meanwhile
    CHECK_EQUAL(current_thread().priority(), own);
    CHECK_EQUAL(g_driver.served, 2);
    release(context);
}

// Released while the handler sleeps: release comes back when the handler is done.
void released_while_it_runs(MayBlock const& context, LineModel model) {
    request(context, model);
    g_driver.nap = true;
    pend();
    CHECK_TRACE("s");
    release(context);
    CHECK_TRACE("e");
    CHECK_EQUAL(g_driver.served, 1);
}

}  // namespace

void image_main(MayBlock const& context) {
    for (LineModel const model : {LineModel::pivot, LineModel::thread, LineModel::borrowed}) {
        served_before_the_thread_goes_on(context, model);
    }
    blocks_and_the_line_waits(context, LineModel::thread, kThreadPriorities - 1);
    blocks_and_the_line_waits(context, LineModel::borrowed, kRunLevels - 1);
    released_while_it_runs(context, LineModel::thread);
    released_while_it_runs(context, LineModel::borrowed);
    passed("line_models");
}

}  // namespace pivot
