// Context is a type: who is running is passed as a token, so that the compiler knows what may
// sleep.
//
// Who: both. Lock order: none.
//
//   MayBlock     a thread (a bottom half is one). Made by thread start alone.
//   MayWake      a thread that may wake others but has no business to block: callouts. Every
//                MayBlock is one.
//   TopHalf<L>   a top half that runs at level L, on the interrupt stack. Made by dispatch alone.
//
// A function that may sleep takes a `MayBlock const&`. Neither token can be copied, made elsewhere
// or turned into the other. Tokens are empty; passing one costs nothing. They do not see a sleep
// under a spin guard, nor a token smuggled through a global: assert_may_block (mutex/park.hpp)
// looks for both.
//
// Where a token of the wrong kind is the likely mistake, the function has a deleted overload for
// it: the compiler then shows that line, and the reason beside it (tests/nocompile holds the
// messages to that).
//
// They lie here, left of mutex/ and intr/, because both need them
// (docs/decisions/context-tokens.md).
#pragma once

#include "spl/ipl.hpp"

namespace pivot {

// The right to wake a thread: what threads and bottom halves have and top halves have not.
class MayWake {
  public:
    MayWake(MayWake const&) = delete;
    MayWake& operator=(MayWake const&) = delete;

  private:
    friend class MayBlock;
    friend struct ThreadStart;
    MayWake() = default;
};

// The right to block: a thread's, a bottom half's. Not under a spin mutex or a raised SPL.
class MayBlock final : public MayWake {
  public:
    MayBlock(MayBlock const&) = delete;
    MayBlock& operator=(MayBlock const&) = delete;

  private:
    friend struct ThreadStart;  // kern/thread.hpp
    MayBlock() = default;
};

template <Ipl L>
concept TopHalfLevel = is_hard(L);  // vm, sched and high: the soft levels belong to bottom halves

// A top half's token: it runs at level L, on the interrupt stack.
template <Ipl L>
requires TopHalfLevel<L>
class TopHalf final {
  public:
    static constexpr Ipl kLevel = L;  // its level
    TopHalf(TopHalf const&) = delete;
    TopHalf& operator=(TopHalf const&) = delete;

  private:
    friend struct TopHalfEntry;  // intr/line.hpp
    TopHalf() = default;
};

// The level that a context runs at when it holds nothing.
template <typename T>
inline constexpr Ipl kBaseLevel = Ipl::none;
template <Ipl L>
inline constexpr Ipl kBaseLevel<TopHalf<L>> = L;

// Whether code of that token runs above level L already.
template <typename T, Ipl L>
inline constexpr bool kRunsAbove = (kBaseLevel<T> > L);

// Whether T is a token.
template <typename T>
inline constexpr bool kIsContext = false;
// A thread's is.
template <>
inline constexpr bool kIsContext<MayBlock> = true;
// A waker's is.
template <>
inline constexpr bool kIsContext<MayWake> = true;
// A top half's is.
template <Ipl L>
inline constexpr bool kIsContext<TopHalf<L>> = true;

template <typename T>
concept Context = kIsContext<T>;
// A context that may take what is guarded at level L, and one that would interrupt the holder.
template <typename T, Ipl L>
concept ContextUpTo = Context<T> && !kRunsAbove<T, L>;
template <typename T, Ipl L>
concept ContextAbove = Context<T> && kRunsAbove<T, L>;

}  // namespace pivot
