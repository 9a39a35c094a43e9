// SPL: this CPU's interrupt priority level, raised and lowered lazily.
//
// Who: both. Lock order: not a lock; a raised SPL is released in reverse order of raising.
//
// Raising is one store to this CPU's structure; the controller is not told. If a line at or below
// the SPL then arrives, entry (arch/*/vectors.S) sets the controller's priority mask and returns
// *without acknowledging*: the line stays pending there, and a byte of `attention` is set. Lowering
// stores the new SPL and only then looks at `attention`:
//
//     thread                          interrupt
//     spl = new
//                                     any interrupt from here on sees the new SPL
//     attention & ~new ?              and one before the store has already set its byte
//       -> pivot_attend(new)
//
// Store first, test after: there is no window between the test and the store, so no sequence has to
// be restarted (the other order, with its restart by PC range, is NetBSD's;
// docs/decisions/splx-order.md). PIVOT_BUG=splx_race puts the window back. Only this CPU's own
// interrupts take part, so program order suffices: a compiler barrier, no DMB.
//
// The same byte says that a continuation waits at a soft level, and softclock's also that a thread
// switch is due: preemption is held off by any SPL above none.
#pragma once

#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/base/annotations.hpp"
#include "kern/base/assert.hpp"
#include "spl/ipl.hpp"
#include "spl/spl_watch.hpp"

namespace pivot {

// What splraise found, for splx to restore.
struct [[nodiscard]] Spl {
    // A set of levels, a thermometer (spl/ipl.hpp).
    u64 held;
};

// This CPU's SPL now. Both.
[[nodiscard]] inline Spl spl_current() { return Spl{port::Cpu::read_spl()}; }

// Inlined always, as splx is: where it happened is then the caller (spl/spl_watch.hpp).
//
// Raises this CPU's SPL to `level`, or leaves it where it is higher. Returns what it was.
[[nodiscard, gnu::always_inline]] inline Spl splraise(Ipl level) {
    Spl const old{port::Cpu::read_spl()};
    port::Cpu::write_spl(old.held | held_at(level));
    compiler_barrier();  // what is guarded stays below the raise
    SplWatch::raised(old.held, old.held | held_at(level));
    return old;
}

// Marks a level so that the splx or interrupt exit which uncovers it looks. Any context, own CPU.
inline void spl_mark(PerCpu& cpu, u32 byte) {
    reinterpret_cast<volatile u8*>(&cpu.attention)[byte] = kMark;
}

// Clears a level's mark. Who looks for what it stood for does so after, so that nothing is lost.
inline void spl_unmark(PerCpu& cpu, u32 byte) {
    reinterpret_cast<volatile u8*>(&cpu.attention)[byte] = 0;
    compiler_barrier();  // cleared before the look
}

// Lowers this CPU's SPL to what splraise returned, and delivers what waited above that.
[[gnu::always_inline]] inline void splx(Spl old) {
    PIVOT_ASSERT((old.held & ~port::Cpu::read_spl()) == 0, "splx raises the SPL");
    PIVOT_ASSERT(!on_interrupt_stack() || (old.held & kSoftHeld) == kSoftHeld,
                 "a top half lowers the SPL below its own level");
    if constexpr (kChecked) {
        pivot_spl_lowers(old.held);
        SplWatch::check_limit(old.held);
        SplWatch::lowers(port::Cpu::read_spl(), old.held);
    }
    if constexpr (kTraced) {
        SplWatch::trace(port::Cpu::read_spl(), old.held);
    }
    compiler_barrier();  // what is guarded stays above the store
    if constexpr (kBugSplxRace) {
        if ((port::Cpu::read_attention() & ~old.held) != 0) {
            pivot_attend(old.held);
            return;
        }
        port::Cpu::write_spl(old.held);
        return;
    }
    port::Cpu::write_spl(old.held);
    if ((port::Cpu::read_attention() & ~old.held) != 0) [[unlikely]] {
        pivot_attend(old.held);
    }
}

// What an SPL is to -Wthread-safety: a guard for each level, that level and no other.
struct PIVOT_CAPABILITY("SPL") SplCapability {};
// One a level.
inline constexpr SplCapability kSplCapabilities[kIpls]{};
// The level's, for PIVOT_GUARDED_BY and its like.
[[nodiscard]] constexpr SplCapability const& spl_capability(Ipl level) {
    return kSplCapabilities[static_cast<u32>(level)];
}

// An SPL held for a scope.
class [[nodiscard]] PIVOT_SCOPED_GUARD SplGuard {
  public:
    [[nodiscard("an unnamed guard ends at once"), gnu::always_inline]] explicit SplGuard(Ipl level)
        PIVOT_ACQUIRES(spl_capability(level))
        : old_(splraise(level)) {
        SplWatch::guard_begins(limit_, old_.held | held_at(level));
    }
    SplGuard(SplGuard const&) = delete;
    SplGuard& operator=(SplGuard const&) = delete;
    [[gnu::always_inline]] ~SplGuard() PIVOT_RELEASES() {
        SplWatch::guard_ends(limit_);
        splx(old_);
    }

  private:
    Spl old_;
    [[no_unique_address]] SplLimitKept limit_{};
};

// No bottom half and no other thread runs on this CPU for a scope; interrupts do. The scheduler's
// own critical sections are this: top halves never touch what it guards.
class [[nodiscard]] NoPreemption : public SplGuard {
  public:
    [[nodiscard("an unnamed guard ends at once"), gnu::always_inline]] NoPreemption()
        : SplGuard(Ipl::softserial) {}
};

}  // namespace pivot
