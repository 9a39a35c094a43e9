// A UART that loses bytes, and its black box: it names the function that really held the line off,
// and the mutex, not whoever happens to run when the line gets through at last.
//
// The driver is the real one, its device a model that loses bytes by the clock.
#include "arch/dev/serial_port.hpp"
#include "kern/base/symbols.hpp"
#include "kern/main.hpp"
#include "tests/target/modelled_pl011.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constinit ModelledPl011 g_device{};
constinit SerialPort<ModelledAccess> g_port{.name = "modelled",
                                            .uart = Pl011(ModelledAccess{&g_device}),
                                            .lock = SpinMutex<Ipl::vm>("port"),
                                            .black_box{"modelled", Ipl::vm}};

// 10 bits at 921,600 baud of a counter of 1 GHz.
constexpr u64 kByte = 10'850;
// Time for a full FIFO and some bytes more: they are lost.
constexpr u64 kTooLong = 24 * kByte;

constinit u32 g_bytes = 0;
constinit u32 g_marks = 0;

void take(MayBlock const&, Received const& next) {
    g_bytes += next.is_intact() ? 1 : 0;
    g_marks += next.has(Received::kLostBefore) ? 1 : 0;
}

[[gnu::always_inline]] inline void compute_for(u64 ticks) {
    u64 const end = PhysicalTimer::now() + ticks;
    while (PhysicalTimer::now() < end) {
    }
}

// -- who masks

constinit SpinMutex<Ipl::vm> g_books{"books"};
constinit SpinMutex<Ipl::high> g_page{"page"};

// Each does something after it has let the line in: the release would else be a tail call, and its
// return address the caller's.
void and_go_on() { compiler_barrier(); }

[[gnu::noinline]] void settle_the_books(MayBlock const& context) {
    {
        SpinGuard const hold(g_books, context);
        compute_for(kTooLong);
    }
    and_go_on();
}

// The line comes while the inner mutex is held, but the outer one is what lasts.
[[gnu::noinline]] void settle_page_by_page(MayBlock const& context) {
    {
        SpinGuard const hold(g_books, context);
        for (u32 i = 0; i < 24; ++i) {
            SpinGuard const inner(g_page, context);
            compute_for(kByte);
        }
    }
    and_go_on();
}

// And the other way round: the line comes under the outer one, the inner one is long over.
[[gnu::noinline]] void settle_after_a_page(MayBlock const& context) {
    SpinGuard const hold(g_books, context);
    {
        SpinGuard const inner(g_page, context);
        compute_for(kByte / 2);
    }
    compute_for(kTooLong);
}

[[gnu::noinline]] void raise_and_compute() {
    {
        SplGuard const guard{Ipl::sched};
        compute_for(kTooLong);
    }
    and_go_on();
}

[[gnu::noinline]] void mask_and_compute() {
    interrupts_disable();
    compute_for(kTooLong);
    interrupts_enable();
    compute_for(1);
}

[[gnu::noinline]] void an_innocent_loop(u64 ticks) { compute_for(ticks); }

// A bottom half, entered from an interrupt.
void settle_in_a_bottom_half(MayBlock const& context, int&) { settle_the_books(context); }
constinit int g_nothing = 0;
constinit Continuation g_settle =
    Continuation::to<&settle_in_a_bottom_half>(Ipl::softnet, g_nothing);

// -- what the box says

bool is_in(uptr pc, const char* function) {
    Symbol const symbol = symbolise(pc);
    if (symbol.name == nullptr) {
        return false;
    }
    u32 i = 0;
    while (function[i] != '\0' && symbol.name[i] == function[i]) {
        ++i;
    }
    return function[i] == symbol.name[i];
}

bool are_equal(const char* a, const char* b) {
    while (a != nullptr && b != nullptr && *a != '\0' && *a == *b) {
        ++a;
        ++b;
    }
    return a != nullptr && b != nullptr && *a == *b;
}

// Lets 40 bytes come while `they_come` runs, and returns what the box says of the loss.
template <typename F>
Delay const& loss_while(MayBlock const& context, F&& they_come) {
    u64 const lost = g_device.lost();
    u32 const marks = g_marks;
    u32 const losses = g_port.black_box.count();
    g_bytes = 0;
    g_device.send(kByte, 40);
    they_come();
    while (!g_device.is_over()) {
    }
    g_port.wanted(context);
    CHECK(g_device.lost() > lost);
    CHECK_EQUAL(g_bytes, 40 - (g_device.lost() - lost));  // no byte is missing but those
    CHECK_EQUAL(g_marks, marks + 1);
    CHECK_EQUAL(g_port.black_box.count(), losses + 1);
    return g_port.black_box.last();
}

// The line waited from the FIFO's being half full until the SPL fell.
void check_ticks(u64 ticks, u64 at_least, u64 at_most) {
    if (ticks < at_least || ticks > at_most) {
        fail(__FILE_NAME__, __LINE__, "held off for {} ticks, not {} to {}", ticks, at_least,
             at_most);
    }
}

constexpr u64 kHalfFull = ModelledPl011::kLevel * kByte;

void names_the_function_and_its_mutex(MayBlock const& context) {
    Delay const& delay = loss_while(context, [&] { settle_the_books(context); });
    CHECK(delay.why == Delay::Why::held_off);
    CHECK(is_in(delay.pc, "pivot::settle_the_books"));
    CHECK(is_in(delay.lowered_at - 1, "pivot::settle_the_books"));
    CHECK(are_equal(delay.mutex, "books"));
    CHECK(are_equal(delay.thread, "main"));
    CHECK(delay.spl == Ipl::vm);
    check_ticks(delay.ticks, kTooLong - kHalfFull - kByte, kTooLong - kHalfFull + kByte);
}

void names_the_outer_mutex(MayBlock const& context) {
    Delay const& delay = loss_while(context, [&] { settle_page_by_page(context); });
    CHECK(delay.why == Delay::Why::held_off);
    CHECK(is_in(delay.pc, "pivot::settle_page_by_page"));
    CHECK(is_in(delay.lowered_at - 1, "pivot::settle_page_by_page"));
    CHECK(are_equal(delay.mutex, "books"));
    CHECK(delay.spl == Ipl::vm);  // all that was left when the line was let in

    Delay const& other = loss_while(context, [&] { settle_after_a_page(context); });
    CHECK(is_in(other.pc, "pivot::settle_after_a_page"));
    CHECK(are_equal(other.mutex, "books"));
}

void names_no_mutex_if_there_was_none(MayBlock const& context) {
    Delay const& delay = loss_while(context, [] { raise_and_compute(); });
    CHECK(delay.why == Delay::Why::held_off);
    CHECK(is_in(delay.pc, "pivot::raise_and_compute"));
    CHECK(is_in(delay.lowered_at - 1, "pivot::raise_and_compute"));
    CHECK(delay.mutex == nullptr);
    CHECK(delay.spl == Ipl::sched);
}

// A bottom half is the culprit; the thread below it, on whose back it came in, is not named.
void names_a_bottom_half(MayBlock const& context) {
    v.does = [](Here const& here) { here.schedule(g_settle); };
    Delay const& delay = loss_while(context, [] { v.pend(); });
    CHECK(is_in(delay.lowered_at - 1, "pivot::settle_the_books"));
    CHECK(are_equal(delay.mutex, "books"));
    CHECK(are_equal(delay.thread, "softnet"));
    CHECK_TRACE("v.");
}

// A top half of a higher level. It is over when ours comes, and has left no trace; the box does not
// accuse the last one whom it has a record of.
void does_not_guess(MayBlock const& context) {
    h.does = [](Here const&) { compute_for(kTooLong); };
    Delay const& delay = loss_while(context, [] {
        h.pend();
        an_innocent_loop(kByte);
    });
    CHECK(delay.why == Delay::Why::unknown);
    CHECK(delay.mutex == nullptr);
    CHECK(delay.pc != 0);
    CHECK_TRACE("h.");
}

// Nor do masked interrupts leave one; but then the line gets through where they are let in again.
void names_where_interrupts_were_let_in(MayBlock const& context) {
    Delay const& delay = loss_while(context, [] { mask_and_compute(); });
    CHECK(delay.why == Delay::Why::unknown);
    CHECK(is_in(delay.pc, "pivot::mask_and_compute"));
    CHECK(delay.mutex == nullptr);
}

// Held off, but in time: nothing is lost and nothing is recorded.
void is_silent_if_nothing_is_lost(MayBlock const& context) {
    u32 const losses = g_port.black_box.count();
    u64 const lost = g_device.lost();
    g_bytes = 0;
    g_device.send(kByte, 40);
    {
        SpinGuard const hold(g_books, context);
        compute_for(ModelledPl011::kDepth * kByte - kByte / 2);
    }
    while (!g_device.is_over()) {
    }
    g_port.wanted(context);
    CHECK_EQUAL(g_bytes, 40);
    CHECK_EQUAL(g_device.lost(), lost);
    CHECK_EQUAL(g_port.black_box.count(), losses);
}

}  // namespace

void image_main(MayBlock const& context) {
    request_probes();
    SerialReader const reader{.wants = [] { return true; }, .take = &take};
    CHECK(g_port.start<BoardLines>(context, Board::kPhysicalTimerLine,
                                   {.clock_hz = 24'000'000, .baud = 4'000'000},
                                   reader) == BaudError::too_fast);
    CHECK(line_info(Board::kPhysicalTimerLine.intid()).name == nullptr);
    CHECK(g_port.start<BoardLines>(context, Board::kPhysicalTimerLine,
                                   {.clock_hz = 24'000'000, .baud = 921'600},
                                   reader) == BaudError::none);
    is_silent_if_nothing_is_lost(context);
    names_the_function_and_its_mutex(context);
    names_the_outer_mutex(context);
    names_no_mutex_if_there_was_none(context);
    names_a_bottom_half(context);
    does_not_guess(context);
    names_where_interrupts_were_let_in(context);
    check_calm();
    passed("the black box names the culprit");
}

}  // namespace pivot
