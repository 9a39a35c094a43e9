// Operations on the system-wide SPL: raised and lowered by a thread, taken and given back by a top
// half of an unconverted line, recursive, and contended by another CPU (with two or more of them).
// The injected interrupt is of a converted line, or itself of an unconverted one, which takes its
// level's byte wherever the operation is.
#include "arch/board/board.hpp"
#include "kern/base/atomic.hpp"
#include "kern/cpus.hpp"
#include "spl/system/system_spl.hpp"
#include "tests/bench/operations.hpp"

PIVOT_STACK(inject_rival_stack, 8192);

namespace pivot::inject {
namespace {

void check_free() {
    constexpr u64 kCounted = u64{0xff} << 24;  // no level's byte
    require(SystemSpl::held_here() == 0, "this CPU still holds the system-wide SPL");
    require(this_cpu().system_owned == 0, "this CPU still owns bytes of the system-wide SPL");
    require((atomic::load_acquire(&SystemSpl::info(Ipl::softclock).word) & ~kCounted) == 0,
            "the system-wide SPL is not free");
}

template <Ipl L>
void pair(MayBlock const&) {
    SystemSpl::lower(SystemSpl::raise(L));
}

template <Ipl L>
void guard(MayBlock const&) {
    SystemSplGuard const held(L);
}

// The inner raise to the same level takes nothing, the one above only what is missing, and the
// lowering leaves out a step.
void recursive(MayBlock const&) {
    SystemSpl::Saved const outer = SystemSpl::raise(Ipl::softnet);
    SystemSpl::lower(SystemSpl::raise(Ipl::softnet));
    (void)SystemSpl::raise(Ipl::vm);
    (void)SystemSpl::raise(Ipl::high);
    SystemSpl::lower(outer);
}

// -- a top half of an unconverted line, asked for by the operation

constexpr LineId kUnconverted{Board::kSpareLines[2].intid() + 2};

struct Line {
    volatile u32 asked, served;
};
constinit Line g_line{};

void serve(TopHalf<Ipl::vm> const&, Line& line) {
    constexpr u64 kByte = u64{1} << (8 * attention_byte(Ipl::vm));
    require((atomic::load_relaxed(&SystemSpl::info(Ipl::softclock).word) & kByte) != 0,
            "an unconverted top half runs without its level of the system-wide SPL");
    line.served = line.served + 1;
}

void check_line() {
    check_free();
    require(g_line.asked == g_line.served, "an unconverted line was lost, or came twice");
}

void ask() {
    g_line.asked = g_line.asked + 1;
    Board::Controller::pend(kUnconverted.intid());
}

void unconverted_top_half(MayBlock const&) {
    ask();
    while (g_line.asked != g_line.served) {
    }
}

// Held off here, and let in by the lowering, which gives the bytes back before.
void unconverted_held_off(MayBlock const&) {
    SystemSpl::Saved const old = SystemSpl::raise(Ipl::vm);
    ask();
    (void)Board::Controller::is_pending(kUnconverted.intid());  // it has reached the GIC
    SystemSpl::lower(old);
    while (g_line.asked != g_line.served) {
    }
}

// -- the rival on another CPU: holds the level when we want it, and lets go in a while

struct Rival {
    u32 wanted = 0;  // counts up: take it once more
    u32 holds = 0;   // so often taken
    u32 done = 0;    // and given back
    Ipl level = Ipl::none;
};
constinit Rival g_rival{};
constinit Thread g_thread{"rival"};

void contend(MayBlock const&, Rival& rival) {
    for (u32 seen = 0;; ++seen) {
        while (atomic::load_acquire(&rival.wanted) == seen) {
            cpu_relax();
        }
        {
            SystemSplGuard const held(rival.level);
            atomic::store_release(&rival.holds, seen + 1);
            for (u32 i = 0; i < 4; ++i) {
                cpu_relax();  // gives the other CPU its turn, which finds it taken
            }
        }
        atomic::store_release(&rival.done, seen + 1);
    }
}

void have_it_held(Ipl level) {
    g_rival.level = level;
    u32 const turn = g_rival.wanted + 1;
    atomic::store_release(&g_rival.wanted, turn);
    while (atomic::load_acquire(&g_rival.holds) != turn) {
        cpu_relax();
    }
}

void wait_for_rival() {
    while (atomic::load_acquire(&g_rival.done) != g_rival.wanted) {
        cpu_relax();
    }
}

template <Ipl L>
void contended(MayBlock const&) {
    have_it_held(L);
    SystemSpl::lower(SystemSpl::raise(L));
    wait_for_rival();
}

// Of two queues at once: the levels below vm are taken, one after the other.
void contended_by_lower(MayBlock const&) {
    have_it_held(Ipl::softnet);
    SystemSpl::lower(SystemSpl::raise(Ipl::sched));
    wait_for_rival();
}

// The top half waits for its byte, at its level.
void contended_top_half(MayBlock const&) {
    have_it_held(Ipl::vm);
    ask();
    while (g_line.asked != g_line.served) {
    }
    wait_for_rival();
}

// Each with a converted line's interrupt, with an unconverted one's, and with a lower one's.
#define PIVOT_BY_LINES(text, function, highest, short)                        \
    {.name = text,                                                            \
     .run = function,                                                         \
     .check = &check_line,                                                    \
     .in_pairs = short,                                                       \
     .held_off = (highest) == Ipl::high,                                      \
     .earlier = Ipl::vm},                                                     \
        {.name = text ",by-unconverted",                                      \
         .run = function,                                                     \
         .check = &check_line,                                                \
         .in_pairs = short,                                                   \
         .held_off = true,                                                    \
         .unconverted = true,                                                 \
         .earlier = Ipl::vm},                                                 \
    {                                                                         \
        .name = text, .run = function, .check = &check_line, .level = Ipl::vm \
    }

constexpr Operation kAlone[] = {
    PIVOT_BY_LINES("system_pair_softclock", &pair<Ipl::softclock>, Ipl::softclock, false),
    PIVOT_BY_LINES("system_pair_softbio", &pair<Ipl::softbio>, Ipl::softbio, false),
    PIVOT_BY_LINES("system_pair_softnet", &pair<Ipl::softnet>, Ipl::softnet, true),
    PIVOT_BY_LINES("system_pair_softserial", &pair<Ipl::softserial>, Ipl::softserial, false),
    PIVOT_BY_LINES("system_pair_vm", &pair<Ipl::vm>, Ipl::vm, true),
    PIVOT_BY_LINES("system_pair_sched", &pair<Ipl::sched>, Ipl::sched, false),
    PIVOT_BY_LINES("system_pair_high", &pair<Ipl::high>, Ipl::high, false),
    PIVOT_BY_LINES("system_guard", &guard<Ipl::vm>, Ipl::vm, false),
    PIVOT_BY_LINES("system_recursive", &recursive, Ipl::high, false),
    PIVOT_BY_LINES("unconverted_top_half", &unconverted_top_half, Ipl::vm, true),
    PIVOT_BY_LINES("unconverted_held_off", &unconverted_held_off, Ipl::vm, false),
};

// What is measured includes the other CPU's instructions: no latencies.
#define PIVOT_CONTENDED(text, function)                                       \
    {.name = text, .run = function, .check = &check_line, .held_off = true},  \
        {.name = text ",by-unconverted",                                      \
         .run = function,                                                     \
         .check = &check_line,                                                \
         .held_off = true,                                                    \
         .unconverted = true},                                                \
    {                                                                         \
        .name = text, .run = function, .check = &check_line, .level = Ipl::vm \
    }

constexpr Operation kContended[] = {
    PIVOT_CONTENDED("system_contended_softnet", &contended<Ipl::softnet>),
    PIVOT_CONTENDED("system_contended_vm", &contended<Ipl::vm>),
    PIVOT_CONTENDED("system_contended_high", &contended<Ipl::high>),
    PIVOT_CONTENDED("system_contended_by_lower", &contended_by_lower),
    PIVOT_CONTENDED("unconverted_contended", &contended_top_half),
};

}  // namespace

Operations system_operations(MayBlock const& context) {
    pair<Ipl::high>(context);  // the first use enters it into the books
    require(BoardLines::request_unconverted<&serve>(kUnconverted, "unconverted", g_line) ==
                    LineError::none &&
                BoardLines::set_trigger(kUnconverted, Trigger::edge) == LineError::none &&
                BoardLines::enable(kUnconverted) == LineError::none,
            "the unconverted line cannot be had");
    return all_of(kAlone);
}

Operations contended_operations(MayBlock const&) {
    if (cpus_online() < 2) {
        return {nullptr, 0};
    }
    require(g_thread.start_on<&contend>(cpu_of(1), inject_rival_stack, kMiddle, g_rival));
    return all_of(kContended);
}

}  // namespace pivot::inject
