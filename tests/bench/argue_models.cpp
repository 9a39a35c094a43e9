// The models, each as good as its advocates would make it (intr/threaded_line.hpp has b and c).
#include "intr/deferral.hpp"
#include "kern/semaphore.hpp"
#include "tests/bench/argue_driver.hpp"

PIVOT_STACK(argue_handler_stack, 8192);
PIVOT_STACK(argue_second_stack, 8192);

namespace pivot::bench {
namespace {

constexpr LineId kLine = Board::kPhysicalTimerLine;

constinit ThreadedLine g_line{"argue"};

void require(LineError error) {
    PIVOT_REQUIRE(error == LineError::none, "the argument's line cannot be had", text_of(error));
}

// -- second halves of structured drivers: each below the first half, which must not wait for it

void deliver(MayBlock const& context, ArguePort& port) { ring_to_discipline(context, port); }
// A top half hands on to softserial; a handler that is in softserial itself, one level below.
constinit Continuation g_deliver = Continuation::to<&deliver>(Ipl::softserial, argue_port);
constinit Continuation g_deliver_below = Continuation::to<&deliver>(Ipl::softnet, argue_port);

// A thread hands on to a thread. Not to a bottom half: if that waits for the driver's lock, the
// owner inherits a priority above all threads, the interrupt's among them, which so waits, too.
constinit Semaphore g_second{"argue second"};
constinit Thread g_second_half{"argue second"};
volatile bool g_over = false;

void deliver_for_ever(MayBlock const& context, ArguePort& port) {
    for (;;) {
        g_second.wait(context);
        if (g_over) {
            return;
        }
        ring_to_discipline(context, port);
    }
}

// -- first halves

void serve_in_top_half(TopHalf<Ipl::high> const& context, ArguePort& port) {
    fifo_to_ring(port);
    g_deliver.schedule(context);
}

void serve_in_thread(MayBlock const& context, ArguePort& port) {
    fifo_to_ring(port);
    g_second.post(context);
}

void serve_in_bottom_half(MayBlock const& context, ArguePort& port) {
    fifo_to_ring(port);
    g_deliver_below.schedule(context);
}

template <LineModel Model, auto Serve>
void open(MayBlock const& context, ArguePort& port) {
    require(BoardLineModels::request<&serve_in_top_half, Serve>(context, Model, kLine, g_line,
                                                                argue_handler_stack, port));
    require(BoardLines::enable(kLine));
}

void close(MayBlock const& context) {
    ArgueTime::line_never();
    require(BoardLineModels::release(context, kLine, g_line));
}

// -- the top half that takes the lock, or leaves a continuation on it

void serve_deferred(MayBlock const&, ArguePort& port) { fifo_to_discipline(port); }
constinit LockedContinuation g_deferred =
    LockedContinuation::to<&serve_deferred>(Ipl::softserial, argue_port.lock, argue_port);

LineEnd lock_in_top_half(TopHalf<Ipl::high> const& context, ArguePort& port) {
    auto const lock = lock_or_defer(context, port.lock, g_deferred);
    if (lock.is_taken()) {
        fifo_to_discipline(port);
    }
    return lock.end();
}

void open_deferring(MayBlock const&, ArguePort& port) {
    require(BoardLines::request<&lock_in_top_half>(kLine, "argue", port));
    require(BoardLines::enable(kLine));
}

void close_deferring(MayBlock const& context) {
    ArgueTime::line_never();
    require(BoardLines::release(context, kLine));
    g_deferred.cancel_and_wait(context);
}

void open_two_threads(MayBlock const& context, ArguePort& port) {
    g_over = false;
    open<LineModel::thread, &serve_in_thread>(context, port);
    ThreadError const error = g_second_half.start<&deliver_for_ever>(
        argue_second_stack, kThreadPriorities - 2, argue_port);
    PIVOT_REQUIRE(error == ThreadError::none, "the argument's thread does not start");
}

void close_two_threads(MayBlock const& context) {
    close(context);
    g_over = true;
    g_second.post(context);
    ThreadError const error = g_second_half.join(context);
    PIVOT_REQUIRE(error == ThreadError::none, "the argument's thread does not end");
}

constexpr ArgueModel kModels[] = {
    {.name = "a", .open = &open<LineModel::pivot, &lock_and_serve>, .close = &close},
    {.name = "a2", .open = &open_deferring, .close = &close_deferring},
    {.name = "b", .open = &open<LineModel::thread, &lock_and_serve>, .close = &close},
    {.name = "c", .open = &open<LineModel::borrowed, &lock_and_serve>, .close = &close},
    {.name = "b+", .open = &open_two_threads, .close = &close_two_threads},
    {.name = "c+", .open = &open<LineModel::borrowed, &serve_in_bottom_half>, .close = &close},
};

}  // namespace

ArgueModels argue_models() {
    return {.first = kModels, .last = kModels + sizeof(kModels) / sizeof(kModels[0])};
}

}  // namespace pivot::bench
