// The worst masked interval: for how long the SPL has been raised, and interrupts masked, at most,
// and where that began and ended. Checked builds only; otherwise nothing is left of it.
//
// Who: both; read by the shell (masked). Lock order: none; each CPU has its own record.
//
// A stretch at a level begins when C++ raises the SPL to that level or above it, and ends when C++
// lowers it below. That may be another thread: what counts is for how long this *CPU* has held the
// level off. Assembly changes the SPL, too: entry and exit of an interrupt, the way into a bottom
// half and out of it. What it has raised or lowered since the last change from C++ is seen by
// comparing with what that one left behind, and such a stretch is not counted: its other end is
// not known. (How long a top half runs, `irq measure` tells; what entry, exit and switch mask,
// the injector does, which puts an interrupt at every instruction: tests/bench/inject.cpp.)
// Beside that, it sees to it that nobody lowers the SPL below what a living guard has set: a panic,
// which says where the guard began and where the SPL is lowered.
#pragma once

#include <type_traits>

#include "kern/base/config.hpp"
#include "kern/trace/trace.hpp"
#include "spl/ipl.hpp"

namespace pivot {

// One kind of stretch, on one CPU.
struct Stretch {
    u64 since = 0;  // counter; 0: none has begun, or its beginning is not known
    uptr begun_at = 0;
    u64 longest = 0;
    uptr longest_from = 0;
    uptr longest_to = 0;
};

// An SPL below which nobody may go while a guard lives: a chain for each thread, because a switch
// in the midst of a guard goes on in another thread's. Top halves nest on the one that they have
// interrupted.
struct SplLimit {
    SplLimit const* outer = nullptr;
    u64 held = 0;
    uptr set_at = 0;
};
struct NoSplLimit {};
[[nodiscard]] constexpr SplLimit* known(SplLimit& limit) { return &limit; }
[[nodiscard]] constexpr SplLimit* known(NoSplLimit&) { return nullptr; }
using SplLimitKept = std::conditional_t<kChecked, SplLimit, NoSplLimit>;

class SplWatch {
  public:
    // A guard has raised the SPL, to `held`; and is about to lower it.
    [[gnu::always_inline]] static void guard_begins(SplLimitKept& limit, u64 held) {
        if constexpr (kChecked) {
            note_guard(*known(limit), held);
        }
    }
    [[gnu::always_inline]] static void guard_ends(SplLimitKept& limit) {
        if constexpr (kChecked) {
            forget_guard(*known(limit));
        }
    }

    // After the SPL has been raised; before it is lowered.
    static void raised(u64 from, u64 to) {
        trace(from, to);
        if constexpr (kChecked) {
            if (from != to) {
                note_raised(from, to);
            }
        }
    }
    // Of every build: the trace's.
    [[gnu::always_inline]] static void trace(u64 from, u64 to) {
        if constexpr (kTraced) {
            if (from != to) {
                EventTrace::note(TraceKind::spl, from, to);
            }
        }
    }
    static void lowers(u64 from, u64 to) {
        if constexpr (kChecked) {
            if (from != to) {
                note_lowered(from, to);
            }
        }
    }

    // Code, not a switch, is about to lower the SPL: panics if a guard that lives has set more.
    [[gnu::noinline]] static void check_limit(u64 to);

    // The longest stretch of one CPU at `level` or above; at Ipl::none: with interrupts masked.
    [[nodiscard]] static Stretch const& longest(u32 cpu, Ipl level);
    // Where this CPU's SPL was raised to `level` or above; 0: not known, or it is not.
    [[nodiscard]] static uptr raised_at(Ipl level);
    static void reset();

  private:
    [[gnu::noinline]] static void note_guard(SplLimit& limit, u64 held);
    static void forget_guard(SplLimit const& limit);
    static void note_raised(u64 from, u64 to);
    static void note_lowered(u64 from, u64 to);
};

}  // namespace pivot
