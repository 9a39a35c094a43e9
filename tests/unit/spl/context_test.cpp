// What the tokens allow and forbid, as the compiler sees it. Nothing runs; tests/nocompile checks
// that the messages are readable.
#include "spl/context.hpp"

#include <gtest/gtest.h>

#include <type_traits>

#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

using AtVm = TopHalf<Ipl::vm>;
using AtHigh = TopHalf<Ipl::high>;

template <typename T>
constexpr bool kUnforgeable =
    !std::is_default_constructible_v<T> && !std::is_copy_constructible_v<T> &&
    !std::is_move_constructible_v<T> && !std::is_copy_assignable_v<T>;
static_assert(kUnforgeable<MayBlock>);
static_assert(kUnforgeable<AtVm>);
static_assert(kUnforgeable<AtHigh>);

static_assert(!std::is_convertible_v<AtVm const&, MayBlock const&>);
static_assert(!std::is_convertible_v<MayBlock const&, AtVm const&>);
static_assert(!std::is_convertible_v<AtVm const&, AtHigh const&>);
static_assert(std::is_empty_v<MayBlock> && std::is_empty_v<AtVm>);  // passing one costs nothing

static_assert(Context<MayBlock> && Context<AtVm>);
static_assert(!Context<int>);
static_assert(kBaseLevel<MayBlock> == Ipl::none);
static_assert(kBaseLevel<AtHigh> == Ipl::high);

template <typename Mutex, typename Token>
concept Locks = requires(Mutex& mutex, Token const& token) {
    mutex.lock(token);
};
static_assert(Locks<SpinMutex<Ipl::vm>, MayBlock>);
static_assert(Locks<SpinMutex<Ipl::vm>, AtVm>);
static_assert(Locks<SpinMutex<Ipl::high>, AtVm>);
static_assert(
    !Locks<SpinMutex<Ipl::vm>, AtHigh>);  // it could interrupt the holder, and spin for ever
static_assert(!Locks<SpinMutex<Ipl::vm>, int>);
static_assert(Locks<AdaptiveMutex, MayBlock>);
static_assert(!Locks<AdaptiveMutex, AtVm>);

TEST(Context, IsCheckedByTheCompiler) { SUCCEED(); }

}  // namespace
}  // namespace pivot
