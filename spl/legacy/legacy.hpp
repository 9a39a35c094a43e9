// The classic names: what the synchronisation of a BSD driver calls. For unconverted code alone;
// nothing else in the tree uses them, and here is where they all are.
//
// Who: threads; spl* and splx also bottom halves and top halves of unconverted lines; tsleep:
// ordinary threads; wakeup: both. Lock order: the system-wide SPL (spl/system/system_spl.hpp);
// wakeup's and tsleep's own lock is at high, after all of it.
//
// Each spl raises the *system-wide* SPL and returns an int that only splx understands. The levels
// are those of NetBSD's spl(9): what was a level of its own on the VAX (bio, net, tty, imp) is vm
// today, the clocks are sched. A driver requests its line with Lines::request_unconverted, at the
// level that its spl stands for, and finds what it found on one CPU: between spl and splx neither
// its top half nor any other code at that level or above it runs, on whichever CPU.
//
// tsleep may be called with the SPL raised, as classic code does: test the condition at splbio,
// sleep, test again. While it sleeps it holds nothing, and it holds the same as before when it
// returns. A wakeup that comes after the caller has raised its SPL is not lost: the sleeper is
// entered before the SPL is given back. Any other way of sleeping at a raised SPL is a panic.
//
// wakeup runs from anywhere; the threads wake from a continuation, since a top half does not touch
// the scheduler. It keeps what it was called for in a small table per CPU; if that is full it wakes
// all sleepers, so code must look at its condition again, as it always had to.
//
// Sources of the names: spl(9), sleep(9) of 4.4BSD and NetBSD.
#pragma once

#include "mutex/spin_mutex.hpp"
#include "spl/system/system_spl.hpp"

namespace pivot::legacy {

// The SPL and the highest system-wide level, as raise found them.
[[nodiscard]] constexpr int pack(SystemSpl::Saved saved) {
    return static_cast<int>(level_of(saved.spl.held)) | static_cast<int>(level_of(saved.system))
                                                            << 4;
}
[[nodiscard]] constexpr SystemSpl::Saved unpack(int saved) {
    return {Spl{held_at(static_cast<Ipl>(saved & 7))}, held_at(static_cast<Ipl>(saved >> 4 & 7))};
}

// Guards the list of those who are in tsleep. Here for tests, which make it anew with each machine.
extern SpinMutex<Ipl::high> sleepers;

// Raises the system-wide SPL; what it returns is for splx.
inline int raise(Ipl level) { return pack(SystemSpl::raise(level)); }
// What splx is: back to what raise returned.
inline void lower(SystemSpl::Saved old) {
    if (spl_current().held != 0) {  // or we may be on another CPU before we have looked at this one
        SystemSpl::lower(old);
    }
}

}  // namespace pivot::legacy

// Raises to the level of its name, or to the one that BSD's old name stands for, and never lowers.
inline int splsoftclock() { return pivot::legacy::raise(pivot::Ipl::softclock); }
inline int splsoftbio() { return pivot::legacy::raise(pivot::Ipl::softbio); }
inline int splsoftnet() { return pivot::legacy::raise(pivot::Ipl::softnet); }
inline int splsoftserial() { return pivot::legacy::raise(pivot::Ipl::softserial); }
inline int splvm() { return pivot::legacy::raise(pivot::Ipl::vm); }
inline int splbio() { return splvm(); }
inline int splnet() { return splvm(); }
inline int spltty() { return splvm(); }
inline int splimp() { return splvm(); }
inline int splsched() { return pivot::legacy::raise(pivot::Ipl::sched); }
inline int splclock() { return splsched(); }
inline int splstatclock() { return splsched(); }
inline int splhigh() { return pivot::legacy::raise(pivot::Ipl::high); }
inline int splserial() { return splhigh(); }

// Back to what an spl returned.
inline void splx(int saved) { pivot::legacy::lower(pivot::legacy::unpack(saved)); }
// Down to nothing, whatever is raised. Ordinary threads.
inline void spl0() { pivot::legacy::lower({pivot::Spl{0}, 0}); }

// Returned by tsleep: the time was over before a wakeup.
#ifndef EWOULDBLOCK
#define EWOULDBLOCK 35
#endif
inline constexpr int hz = 100;  // the ticks of tsleep in a second

// Sleeps until wakeup(channel), or for `ticks` at most; 0: as long as it takes. `priority` and
// `message` are not looked at but for a panic's text: Pivot's threads keep their priority.
int tsleep(const void* channel, int priority, const char* message, int ticks);
// Ends every tsleep on the channel; perhaps others, too, which look at their condition. Both.
void wakeup(const void* channel);
