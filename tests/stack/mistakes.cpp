// What the check of the stacks has to find: one mistake of each kind. Compiled, never linked.
#include "arch/board/board.hpp"
#include "intr/continuation.hpp"
#include "kern/main.hpp"
#include "kern/thread.hpp"

PIVOT_STACK(stack_mistakes_stack, 4096);

// What mistakes.S calls.
extern "C" void stack_mistake_entry();
extern "C" void stack_mistake_entry() {}

namespace pivot {
namespace {

// Uses `Bytes` of stack, and is not optimised away.
template <usize Bytes>
[[gnu::noinline]] void use(u8 value) {
    [[maybe_unused]] u8 volatile large[Bytes];
    for (usize i = 0; i < Bytes; i += 64) {
        large[i] = value;
    }
}

constinit int g_owner = 0;
constinit Thread g_thread{"large"};

void large_thread(MayBlock const&, int&) { use<3600>(1); }  // and the frames around it

void large_continuation(MayBlock const&, int&) { use<8000>(2); }
constinit Continuation g_continuation =
    Continuation::to<&large_continuation>(Ipl::softbio, g_owner);

void large_top_half(TopHalf<Ipl::high> const&, int&) { use<16000>(3); }

// Not at the end, or the compiler makes a loop of it.
[[gnu::noinline]] u32 recursion(u32 depth) {
    u32 volatile here = depth;
    return depth == 0 ? here : recursion(depth - 1) + here;
}

void (*volatile g_pointer)(u8) = &use<64>;

[[gnu::noinline]] void without_bound(usize size) {
    auto* const memory = static_cast<u8 volatile*>(__builtin_alloca(size));
    memory[size - 1] = 0;
}

}  // namespace

void not_defined_anywhere();

void image_main(MayBlock const& context) {
    (void)g_thread.start<&large_thread>(stack_mistakes_stack, 9, g_owner);
    g_continuation.schedule(context);
    (void)BoardLines::request<&large_top_half>(Board::kUartLine, "large", g_owner);
    u32 const depth = recursion(static_cast<u32>(counter()));
    g_pointer(static_cast<u8>(depth));
    without_bound(depth);
    not_defined_anywhere();
}

}  // namespace pivot
