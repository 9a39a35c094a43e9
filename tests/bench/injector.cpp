#include "tests/bench/injector.hpp"

#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "kern/base/log.hpp"
#include "kern/thread.hpp"
#include "tests/bench/invariants.hpp"
#include "tests/bench/operations.hpp"
#include "tests/bench/strip.hpp"
#include "tests/bench/timer_line.hpp"

namespace pivot::inject {
namespace {

struct Shot {
    u64 deadline;
    volatile u64 latency;
    volatile uptr pc;
    volatile bool fired;
    volatile u32 times;
    volatile bool inside;  // the operation runs
    volatile bool hit;     // and was interrupted
    AlsoDo also;
};
constinit Shot g_shot{};

template <Ipl L>
void injected(TopHalf<L> const& context, Shot& shot) {
    u64 const now = PhysicalTimer::now();  // first: this is the latency
    u64 pc;
    asm volatile("mrs %0, elr_el1" : "=r"(pc));  // nothing has nested yet
    PhysicalTimer::quiet();
    shot.latency = now - shot.deadline;
    shot.pc = pc;
    shot.hit = shot.inside;
    shot.times = shot.times + 1;
    shot.fired = true;
    if constexpr (L == Ipl::high) {
        if (shot.also != nullptr) {
            shot.also(context);
        }
    }
}

// More than arming takes, from the first read to the operation's first instruction. The earliest
// deadlines are past when they are armed: those interrupts come before the operation and do not
// count.
constexpr u64 kArming = 40;

void shoot(MayBlock const& context, Operation const& operation, u64 offset) {
    g_shot.fired = false;
    g_shot.times = 0;
    g_shot.deadline = PhysicalTimer::now() + offset;
    PhysicalTimer::arm(g_shot.deadline);
    g_shot.inside = true;
    operation.run(context);
    g_shot.inside = false;
    while (!g_shot.fired) {
    }
}

void count(Result& result) {
    if (g_shot.hit) {
        result.count(static_cast<u32>(g_shot.latency), g_shot.pc);
        g_strip.add(static_cast<u32>(g_shot.latency));
    }
}

// How many ticks the operation takes undisturbed.
u64 length_of(MayBlock const& context, Operation const& operation) {
    shoot(context, operation, 100'000);  // the interrupt comes long after
    u64 const begin = counter();
    operation.run(context);
    return counter() - begin;
}

struct Earlier {
    volatile bool fired;
};
constinit Earlier g_earlier{};

template <Ipl L>
void came_earlier(TopHalf<L> const&, Earlier& earlier) {
    VirtualTimer::quiet();
    earlier.fired = true;
}

template <Ipl L>
void request_earlier() {
    (void)BoardLines::release(Board::kVirtualTimerLine);  // the clock's, or the last operation's
    LineError const error =
        BoardLines::request<&came_earlier<L>>(Board::kVirtualTimerLine, "earlier", g_earlier);
    PIVOT_REQUIRE(error == LineError::none, "the earlier interrupt's line cannot be had");
    (void)BoardLines::enable(Board::kVirtualTimerLine);
}

// Calls `body` with a hard level as a constant.
template <typename Body>
void at(Ipl level, Body&& body) {
    switch (level) {
        case Ipl::vm:
            return body.template operator()<Ipl::vm>();
        case Ipl::sched:
            return body.template operator()<Ipl::sched>();
        default:
            return body.template operator()<Ipl::high>();
    }
}

void check(Operation const& operation) {
    check_invariants(operation.name);
    require(g_shot.times == 1, "the injected interrupt came more than once");
    if (operation.check != nullptr) {
        operation.check();
    }
}

}  // namespace

Result run(MayBlock const& context, Operation const& operation) {
    g_shot.also = operation.also;
    g_strip.clear();
    Result result;
    at(operation.level, [&]<Ipl L>() {
        bench::TimerLine<&injected<L>, Shot> const line{g_shot, operation.unconverted};
        u64 const length = length_of(context, operation);
        remember_state();  // what an operation leaves behind, it leaves behind each time
        for (u64 offset = 0; offset < length + kArming; ++offset) {
            shoot(context, operation, offset);
            check(operation);
            count(result);
        }
    });
    return result;
}

Result run_pairs(MayBlock const& context, Operation const& operation, u32 apart) {
    g_shot.also = nullptr;
    g_strip.clear();
    Result result;
    at(operation.earlier, []<Ipl L>() { request_earlier<L>(); });
    at(operation.level, [&]<Ipl L>() {
        bench::TimerLine<&injected<L>, Shot> const line{g_shot, operation.unconverted};
        u64 const length = length_of(context, operation);
        remember_state();  // what an operation leaves behind, it leaves behind each time
        for (u64 offset = 0; offset < length + kArming; ++offset) {
            for (u32 after = 1; after <= apart; ++after) {
                g_earlier.fired = false;
                VirtualTimer::arm(VirtualTimer::now() + offset);
                shoot(context, operation, offset + after);
                while (!g_earlier.fired) {
                }
                check(operation);
                count(result);
            }
        }
    });
    return result;
}

}  // namespace pivot::inject
