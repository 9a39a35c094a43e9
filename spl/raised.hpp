// at_spl: a stretch with the SPL raised, in which the compiler refuses to sleep.
//
// Who: threads. Lock order: none; the SPL is raised for as long as the function runs.
//
//     at_spl<Ipl::vm>(context, [&](Raised<Ipl::vm> const& raised) {
//         SpinGuard const guard(g_mutex, raised);     a mutex of that level or above
//         g_work.schedule(raised);                    a thread may still wake others
//     });
//
// Raised<L> is a context up to L that is no MayBlock: what may sleep does not take it. That the
// function captures the thread's own token is what the type cannot see; assert_may_block does.
#pragma once

#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

// The token of code that has raised the SPL to L.
template <Ipl L>
class Raised final {
  public:
    static_assert(L != Ipl::none, "an SPL that is raised has a level");
    static constexpr Ipl kLevel = L;  // its level
    Raised(Raised const&) = delete;
    Raised& operator=(Raised const&) = delete;

    // NOLINTNEXTLINE(google-explicit-constructor): it stands for the thread, which may wake
    operator MayWake const&() const { return thread_; }
    operator MayBlock const&() const = delete;  // nobody sleeps with the SPL raised

  private:
    friend struct RaisedScope;
    explicit Raised(MayWake const& thread) : thread_(thread) {}
    MayWake const& thread_;
};

// At which its code runs.
template <Ipl L>
inline constexpr Ipl kBaseLevel<Raised<L>> = L;
// It is a token.
template <Ipl L>
inline constexpr bool kIsContext<Raised<L>> = true;

// Runs a body at a raised level and hands it the token.
struct RaisedScope {
    // Raises, calls the body, lowers.
    template <Ipl L, typename F>
    static decltype(auto) run(MayWake const& thread, F& body) {
        SplGuard const hold(L);
        Raised<L> const raised(thread);
        return body(raised);
    }
};

// Calls `body(Raised<L> const&)` at SPL `L`, and returns what it returns.
template <Ipl L, ContextUpTo<L> C, typename F>
decltype(auto) at_spl(C const& thread, F&& body) {
    return RaisedScope::run<L>(thread, body);
}
template <Ipl L, Ipl T, typename F>
void at_spl(TopHalf<T> const&, F&&) = delete;  // a top half raises with SplGuard: it cannot wake

}  // namespace pivot
