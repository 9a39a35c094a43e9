// Context is a type: who is running is passed as a token, so that the compiler knows what may sleep.
//
// Who: both. Lock order: none.
//
//   MayBlock     a thread (a bottom half is one). Made by thread start alone.
//   TopHalf<L>   a top half that runs at level L, on the interrupt stack. Made by dispatch alone.
//
// A function that may sleep takes a `MayBlock const&`. Neither token can be copied, made elsewhere or
// turned into the other. Tokens are empty; passing one costs nothing. They do not see a sleep under a
// spin guard, nor a token smuggled through a global: kern/sched.cpp asserts against both.
//
// They lie here, left of mutex/ and intr/, because both need them (docs/decisions/context-tokens.md).
#pragma once

#include "spl/ipl.hpp"

namespace pivot {

class MayBlock {
  public:
    MayBlock(MayBlock const&) = delete;
    MayBlock& operator=(MayBlock const&) = delete;

  private:
    friend struct ThreadStart;  // kern/thread.hpp
    MayBlock() = default;
};

template <Ipl L>
class TopHalf {
  public:
    static_assert(is_hard(L), "a top half runs at vm, sched or high");
    static constexpr Ipl kLevel = L;
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

template <typename T>
inline constexpr bool kIsContext = false;
template <>
inline constexpr bool kIsContext<MayBlock> = true;
template <Ipl L>
inline constexpr bool kIsContext<TopHalf<L>> = true;

template <typename T>
concept Context = kIsContext<T>;

}  // namespace pivot
