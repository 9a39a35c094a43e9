// The mixed-guard checker: finds data that is touched under one guard here and under another, or
// under none, there. Checked builds only; otherwise nothing is left of it.
//
// Who: both, through Guarded and GuardWatch (mutex/guarded.hpp). Lock order: none; it takes no lock
// and can be interrupted by itself.
//
// Each object keeps the different *ways* in which it has been touched: read or written, by whom,
// where, and under what. Two ways clash if one of them writes and nothing keeps them apart:
//
//     the same thread, or the same line         never meet themselves
//     a lock that both hold                     a spin mutex of this CPU; an adaptive mutex or
//                                               reader/writer lock of this thread, not as two
//                                               readers; one that a top half took by lock_or_defer;
//                                               the system-wide SPL, if they hold a level in common
//     an SPL, as a pseudo-lock                  both on one and the same CPU, and neither can come
//                                               in the midst of the other: a top or bottom half
//                                               comes unless its level is held off, a thread
//                                               comes unless preemption is
//
// Eraser (Savage et al., 1997) intersects the locks of all accesses. Pairs see more, and blame
// less: three places that have a lock in common two by two are in order; a pseudo-lock, which is
// good for some pairs and not for others, can be judged; and each clash has two places, which is
// what has to be printed. What is taken over from Eraser: as long as only one thread or line has
// ever touched the object, it may do so under nothing (initialisation), and that is forgotten when
// the second one comes.
//
// Like every lockset it judges what is held, not what happens: it needs no race to occur, only each
// of the two places to have run once. It knows no other order than guards. Data that one thread
// fills and then gives away, by a semaphore or a join, says so: handed_over().
//
//     CPU 0                                     CPU 1
//     add way a; known, in order                add way b; known, in order
//     look at all ways that are known           look at all ways that are known
//
// At least one of them sees the other's.
#pragma once

#include "mutex/lock_info.hpp"

namespace pivot {

// One way in which an object has been touched.
struct GuardedAccess {
    static constexpr u32 kMostLocks = 6;

    u64 actor = 0;   // a thread, or a line (TopHalfMark); 0: several
    u64 cpus = 0;    // a bit each
    u64 spl = 0;     // then
    u64 system = 0;  // the levels of the system-wide SPL that were held
    LockInfo const* lock[kMostLocks] = {};
    u32 locks = 0;
    u32 shared = 0;         // a bit for each lock that was held along with other readers
    Ipl level = Ipl::none;  // that its code runs at when it has raised nothing
    bool top_half = false;
    bool writes = false;
    LockTrace trace{};
};

struct GuardHistory {
    static constexpr u32 kMost = 8;
    static constexpr u64 kShared = 1;  // no actor

    struct Way {
        GuardedAccess access{};
        u32 clashes = 0;  // reported, a bit for each other way
        u32 known = 0;
    };

    constexpr explicit GuardHistory(const char* object) : name(object) {}

    const char* name;
    u64 owner = 0;  // the actor, while there is but one; then kShared
    u32 claimed = 0;
    u32 lost = 0;  // there was no room for a way: it was judged, and is not kept
    Way way[kMost]{};
};
struct NoGuardHistory {
    constexpr explicit NoGuardHistory(const char*) {}
};
[[nodiscard]] constexpr GuardHistory* known(GuardHistory& history) { return &history; }
[[nodiscard]] constexpr GuardHistory* known(NoGuardHistory&) { return nullptr; }

class GuardCheck {
  public:
    [[gnu::noinline]] static void note(GuardHistory& history, bool writes);
    static void forget(GuardHistory& history);

    // On one CPU, can the first begin while the second is in the midst?
    [[nodiscard]] static bool may_come_amid(GuardedAccess const& who, GuardedAccess const& other);

    // An adaptive mutex that a top half holds (mutex/deferred.cpp), which no thread's list has.
    static void top_half_took(LockInfo const& lock);
    static void top_half_releases(LockInfo const& lock);

    // Forgets what was found: for tests, between two machines.
    static void reset();
};

// Which line's top half runs, and at which level, for a scope. They nest, as top halves do.
class TopHalfMark {
  public:
    TopHalfMark(u32 intid, Ipl level);
    TopHalfMark(TopHalfMark const&) = delete;
    TopHalfMark& operator=(TopHalfMark const&) = delete;
    ~TopHalfMark();

    // Of a line that is not banked, the same on all CPUs: it runs on one at a time.
    [[nodiscard]] u64 actor() const { return actor_; }
    [[nodiscard]] Ipl level() const { return level_; }
    // What its CPU held of the system-wide SPL before: not its own. An unconverted line's has
    // taken its level already, which whoever it has interrupted cannot have.
    [[nodiscard]] u64 system_before() const { return system_before_; }
    // Of this CPU; null if none runs.
    [[nodiscard]] static TopHalfMark const* innermost();

  private:
    u64 actor_;
    u64 system_before_;
    TopHalfMark const* outer_;
    Ipl level_;
};
struct NoTopHalfMark {
    NoTopHalfMark(u32, Ipl) {}
};
using TopHalfRuns = std::conditional_t<kChecked, TopHalfMark, NoTopHalfMark>;

}  // namespace pivot
