// A line that asks again before its top half has returned is taken again afterwards, from the same
// depth: never on top of itself. (A kernel that tells the controller "done" with interrupts enabled
// stacks one frame a request until the stack is full: the seeded bug eoi_enabled.)
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kAgain = 2000;

struct Insistent {
    LineId line;
    u32 runs = 0;
    uptr thread_stack = 0;     // SP_EL0 in its first run
    uptr interrupt_stack = 0;  // SP_EL1 in its first run
    u64 nesting = 0;
};

uptr stack_of_thread() {
    uptr sp;
    asm volatile("mrs %0, sp_el0" : "=r"(sp));
    return sp;
}

void ask_again(Insistent& self) {
    uptr const here = reinterpret_cast<uptr>(__builtin_frame_address(0));
    if (self.runs == 0) {
        self.thread_stack = stack_of_thread();
        self.interrupt_stack = here;
        self.nesting = this_cpu().nesting;
    }
    CHECK_EQUAL(stack_of_thread(), self.thread_stack);
    CHECK_EQUAL(here, self.interrupt_stack);
    CHECK_EQUAL(this_cpu().nesting, self.nesting);
    if (++self.runs < kAgain) {
        CHECK(BoardLines::pend(self.line) == LineError::none);
        port::dsb_sy();
    }
}

template <Ipl L>
void insistent_top_half(TopHalf<L> const&, Insistent& self) {
    ask_again(self);
}

constinit Insistent g_first{Board::kSpareLines[0]};
constinit Insistent g_nested{Board::kSpareLines[1]};

template <Ipl L>
void start(Insistent& device) {
    CHECK(BoardLines::request<&insistent_top_half<L>>(device.line, "insistent", device) ==
          LineError::none);
    CHECK(BoardLines::set_trigger(device.line, Trigger::edge) == LineError::none);
    CHECK(BoardLines::enable(device.line) == LineError::none);
}

void pend(LineId line) {
    CHECK(BoardLines::pend(line) == LineError::none);
    port::dsb_sy();
    port::isb();
}

}  // namespace

void image_main(MayBlock const&) {
    start<Ipl::vm>(g_first);
    start<Ipl::sched>(g_nested);
    pend(g_first.line);
    CHECK_EQUAL(g_first.runs, kAgain);
    check_calm();
    // The same on the interrupt stack, in a top half.
    CHECK(BoardLines::release(g_first.line) == LineError::none);
    request<Ipl::vm>(v);
    v.does = [](Here const&) {
        pend(g_nested.line);
        CHECK_EQUAL(g_nested.runs, kAgain);
    };
    v.pend();
    CHECK_TRACE("v.");
    check_calm();
    passed("a line that asks again");
}

}  // namespace pivot
