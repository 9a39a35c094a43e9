// The system-wide SPL: for code that was written for one CPU and has no mutexes yet.
//
// Who: raise, lower: threads, bottom halves, and top halves of unconverted lines (intr/line.hpp:
// request_unconverted). enter, leave: those lines' dispatch. held_here, info: both.
// Lock order: before every spin mutex, after every adaptive mutex; levels among each other upwards.
// Who holds it may not block; unconverted code sleeps by tsleep, which gives it back meanwhile
// (spl/legacy/legacy.hpp).
//
// On one CPU, `splvm()` keeps out two kinds of code: the interrupts up to that level, and, since
// nobody else can run, everybody else who has raised the SPL. On several CPUs the per-CPU SPL does
// the first here and the second nowhere. So there is one lock for each level, a byte each of one
// word that all CPUs share, in the SPL's own encoding (spl/ipl.hpp):
//
//     raise to n     this CPU's SPL = n, and the bytes of softclock..n, all in one step
//     a top half of an unconverted line at level m, before its first statement: the byte of m
//
// Two threads that have raised it exclude each other, whatever their levels, as on one CPU: both
// hold the byte of softclock. A top half at m waits for whoever holds m or more, and for nobody
// else. Converted lines take no byte: on other CPUs they come as always, whoever holds what; on
// this one the SPL holds them off, like every raised SPL.
//
//     CPU 0, splvm()                    CPU 1
//     SPL = vm                          an unconverted line at vm fires:
//     word: 0 -> softclock..vm            byte of vm taken? spins, at vm, FIFO
//     ... its data ...                  a converted line at vm fires: runs
//     splx: word -> 0                     byte of vm: its own; top half; back
//     SPL = none; what waited comes
//
// It is recursive: PerCpu::system says which levels this CPU need not take again. There are two
// words, for a top half at m that interrupts a holder of less owns m and nothing between:
//
//     system         all levels up to the highest held: these are not to be taken
//     system_owned   the bytes that this CPU has put into the word
//
// The word's bytes: bit 0, held; above it, how many wait for that level. Nobody takes a byte that
// is not 0, so nobody overtakes the queue; who waits draws a ticket of the level, and the head of
// the queue takes the byte over in one step. A contended raise goes from its lowest level upwards,
// and waits for each at that level's SPL: what is above still comes in. Taken in this order by all,
// the levels cannot deadlock; a bottom half waits for its own level and above alone, because the
// thread that it has interrupted may be in the middle of such a raise.
//
// Byte 3, which no level has, says that acquisitions are counted (mutex/lock_info.hpp).
//
// Barriers: acquire on taking, release on giving back. Sources: the name and the idea of what such
// code expects, 4.4BSD (McKusick et al. 1996, 3.2); one recursive lock for it, every kernel that
// went this way (FreeBSD's Giant, NetBSD's kernel lock), which have one for all levels.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "mutex/lock_order.hpp"
#include "spl/spl.hpp"

namespace pivot {

class SystemSpl {
  public:
    // What was in force before, for the one who goes back to it.
    struct [[nodiscard]] Saved {
        Spl spl;     // this CPU's
        u64 system;  // PerCpu::system; 0: this CPU held none of it
    };

    // Raises this CPU's SPL to `level` and keeps everybody else at system-wide SPL out. Not none.
    // Where the SPL is higher already, a bottom half's own level included, it is that level that is
    // taken.
    [[nodiscard, gnu::always_inline]] static Saved raise(Ipl level) {
        PIVOT_ASSERT(level != Ipl::none, "the system-wide SPL is raised to a level");
        Spl const spl = splraise(level);
        PerCpu& cpu = this_cpu();  // with the SPL raised, we stay on it
        u64 const system = cpu.system;
        PIVOT_ASSERT(!on_interrupt_stack() || (spl.held & ~system) == 0,
                     "a converted top half raises the system-wide SPL");
        if ((held_at(level) & ~system) != 0) {
            u64 const raised = spl.held | held_at(level);
            take(cpu, raised & ~system, raised, spl.held, Ipl::none);
        }
        return Saved{spl, system};
    }

    // Back to what raise found; steps may be left out, as with splx.
    [[gnu::always_inline]] static void lower(Saved old) {
        PerCpu& cpu = this_cpu();
        if (cpu.system != old.system) {
            give_back(cpu, old.system);
        }
        splx(old.spl);
    }

    // Around a top half of an unconverted line at `level`, which is the SPL.
    [[nodiscard]] static u64 enter(Ipl level) {
        PerCpu& cpu = this_cpu();
        u64 const system = cpu.system;
        u64 const wanted = (u64{0xff} << (8 * attention_byte(level))) & ~system;
        if (wanted != 0) {
            take(cpu, wanted, system | held_at(level), cpu.spl, level);
        }
        return system;
    }
    static void leave(u64 system) {
        PerCpu& cpu = this_cpu();
        if (cpu.system != system) {
            give_back(cpu, system);
        }
    }

    // The levels up to the highest that this CPU holds, as held_at says them; 0: none. The SPL
    // covers them, so a thread that sees any stays on this CPU.
    [[nodiscard]] static u64 held_here() { return spl_current().held != 0 ? this_cpu().system : 0; }

    // A level's place in the books: the lock order, the statistics.
    [[nodiscard]] static LockInfo& info(Ipl level) { return infos[static_cast<u32>(level) - 1]; }

    // As on a new machine: for tests.
    static void reset();

  private:
    static constexpr u64 kHeld = 0x0101'0101'0101'0101;   // of a byte of the word
    static constexpr u64 kIsCounted = kHeld << 7;         // of a byte of system_owned
    static constexpr u64 kToBeCounted = u64{0xff} << 24;  // of the word

    // The first one's word is the word.
    static LockInfo infos[kIpls - 1];

    // `system`: what PerCpu::system is with them. `runs_at`: of a top half, its level.
    [[gnu::always_inline]] static void take(PerCpu& cpu, u64 wanted, u64 system, u64 spl,
                                            Ipl runs_at) {
        if constexpr (kChecked) {
            check_wanted(wanted, runs_at);
        }
        u64 owned = wanted & kHeld;
        if constexpr (!kBugSystemSplHere) {
            if (!port::Cpu::set_if_clear(&infos[0].word, wanted | kToBeCounted, owned))
                [[unlikely]] {
                owned = take_slowly(wanted, spl);
            }
        }
        // In this order: a top half between the two must not take what is owned for its own.
        atomic::store_relaxed(&cpu.system, system);
        atomic::store_relaxed(&cpu.system_owned, cpu.system_owned | owned);
        if constexpr (kChecked) {
            note_taken(owned);
        }
    }

    [[gnu::always_inline]] static void give_back(PerCpu& cpu, u64 system) {
        u64 const given = cpu.system_owned & ~system;
        if constexpr (kChecked) {
            check_given_back(cpu, system);
        }
        if ((given & kIsCounted) != 0) [[unlikely]] {
            count_release(given);
        }
        atomic::store_relaxed(&cpu.system_owned, cpu.system_owned & system);
        atomic::store_relaxed(&cpu.system, system);  // and back in the other
        if constexpr (!kBugSystemSplHere) {
            atomic::fetch_and(&infos[0].word, ~(given & kHeld));
        }
    }

    [[gnu::noinline]] static u64 take_slowly(u64 wanted, u64 spl);
    static bool take_level(Ipl level, u64 spl, u64& spins);
    static void wait_in_turn(u32 level, u32 shift, u64& spins);
    [[gnu::noinline]] static void count_release(u64 given);
    static void check_wanted(u64 wanted, Ipl runs_at);
    static void note_taken(u64 owned);
    static void check_given_back(PerCpu const& cpu, u64 system);
};

// The system-wide SPL for a scope.
class [[nodiscard]] SystemSplGuard {
  public:
    // Raises; the scope's end goes back.
    [[nodiscard("an unnamed guard ends at once"),
      gnu::always_inline]] explicit SystemSplGuard(Ipl level)
        : old_(SystemSpl::raise(level)) {}
    SystemSplGuard(SystemSplGuard const&) = delete;
    SystemSplGuard& operator=(SystemSplGuard const&) = delete;
    [[gnu::always_inline]] ~SystemSplGuard() { SystemSpl::lower(old_); }

  private:
    SystemSpl::Saved old_;
};

}  // namespace pivot
