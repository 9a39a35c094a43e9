// How dispatch calls a top half: with its token, which is made here and nowhere else.
//
// Who: intr/line.hpp and what stands beside it put these functions into the line table.
// Lock order: none.
#pragma once

#include "intr/controller.hpp"
#include "intr/line_hold.hpp"
#include "mutex/guard_check.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"
#include "spl/system/system_spl.hpp"

namespace pivot {

// What a top half that can tell returns: whether its device was the one that asked.
enum class Served : u8 { yes, no };

// What a top half returns whose line may stay active, held off by the controller until whoever it
// has left the work to lets go of it (intr/line_hold.hpp).
enum class LineEnd : u8 { deactivate, leave_active };

template <typename R>
concept TopHalfResult =
    std::same_as<R, void> || std::same_as<R, Served> || std::same_as<R, LineEnd>;

// trace_lines.cpp, in a traced kernel.
void trace_top_half(void* token, Ipl level, bool begins);

// Mints the token: the one friend of TopHalf.
struct TopHalfEntry {
  private:
    template <Controller C>
    friend struct Lines;       // which puts it into the table
    friend struct StrayLines;  // line.cpp: what nobody has requested
    template <Controller C>
    friend struct SharedLines;  // the same for several devices on one line
    friend struct ShareList;    // which counts what nobody serves

    // vectors.S passes an address that is as good as any for an object without members.
    template <auto Fn, Ipl L, typename T>
    static void run(void* token, void* argument) {
        auto const& context = *static_cast<TopHalf<L> const*>(token);
        TopHalfRuns const runs(line_of_token(token).number, L);
        trace(token, L, true);
        call<Fn, L>(context, token, *static_cast<T*>(argument));
        PIVOT_ASSERT(this_cpu().spl == held_at(L), "a top half returned with another SPL");
        trace(token, L, false);
    }
    [[gnu::always_inline]] static void trace(void* token, Ipl level, bool begins) {
        if constexpr (kTraced) {
            trace_top_half(token, level, begins);
        }
    }
    // The same for a driver that has no mutexes yet: nobody is at its level meanwhile who relies on
    // the system-wide SPL.
    template <auto Fn, Ipl L, typename T>
    static void run_unconverted(void* token, void* argument) {
        u64 const system = SystemSpl::enter(L);
        run<Fn, L, T>(token, argument);
        SystemSpl::leave(system);
    }
    // The same for a line that may stay active. Not 0: it does.
    template <auto Fn, Ipl L, typename T>
    static u64 run_holding(void* token, void* argument) {
        auto const& context = *static_cast<TopHalf<L> const*>(token);
        TopHalfRuns const runs(line_of_token(token).number, L);
        trace(token, L, true);
        LineEnd const end = Fn(context, *static_cast<T*>(argument));
        PIVOT_ASSERT(this_cpu().spl == held_at(L), "a top half returned with another SPL");
        PIVOT_ASSERT((end == LineEnd::leave_active) == is_line_held(token),
                     "a top half leaves its line active exactly if somebody holds it");
        trace(token, L, false);
        return static_cast<u64>(end);
    }
    template <auto Fn, Ipl L, typename T>
    static void call(TopHalf<L> const& context, void* token, T& owner) {
        if constexpr (std::same_as<decltype(Fn(context, owner)), Served>) {
            if (Fn(context, owner) == Served::no) {
                count_spurious(token);
            }
        } else {
            Fn(context, owner);
        }
    }

    // The same for one of several devices.
    template <auto Fn, Ipl L, typename T>
    static bool ask(void* token, void* owner) {
        TopHalfRuns const runs(line_of_token(token).number, L);
        bool const served =
            Fn(*static_cast<TopHalf<L> const*>(token), *static_cast<T*>(owner)) == Served::yes;
        PIVOT_ASSERT(this_cpu().spl == held_at(L), "a top half returned with another SPL");
        return served;
    }

    static void count_spurious(void* token);
};

}  // namespace pivot
