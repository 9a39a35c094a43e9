// lockstat: what each class of locks has cost.
#include "mutex/lock_statistics.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/clock.hpp"
#include "kern/shell/locks.hpp"

namespace pivot {
namespace {

bool ranks_before(LockCounts const& a, LockCounts const& b) {
    return a.contentions != b.contentions ? a.contentions > b.contentions
                                          : a.acquisitions > b.acquisitions;
}

// Classes that have been counted, most contended first.
struct Ranking {
    u8 index[LockClass::kMost];
    u32 count = 0;

    void add(u32 row) {
        LockCounts const& counts = LockClass::at(row).counts;
        if (counts.acquisitions == 0) {
            return;
        }
        u32 at = count++;
        for (; at != 0 && ranks_before(counts, LockClass::at(index[at - 1]).counts); --at) {
            index[at] = index[at - 1];
        }
        index[at] = static_cast<u8>(row);
    }
};

const char* second_word(LockClass const& of_class) {
    return of_class.kind() == LockKind::spin ? name_of(of_class.level()) : name_of(of_class.kind());
}

void print_callers(LockCounts const& counts) {
    for (LockCaller const& caller : counts.callers) {
        if (caller.acquisitions == 0) {
            continue;
        }
        Symbol const symbol = symbolise(caller.pc - 1);
        print("  {10} {9}  {x16}", caller.acquisitions, caller.contentions, caller.pc);
        if (symbol.name != nullptr) {
            print(" {}+{}", symbol.name, symbol.offset + 1);
        }
        print("\n");
    }
}

void print_class(LockClass const& of_class) {
    LockCounts const& counts = of_class.counts;
    log("{} ({}, {} lock{})", of_class.name(), second_word(of_class), of_class.locks(),
        of_class.locks() == 1 ? "" : "s");
    log("  {10} {9} {10} {12} {12} {8} {12}", counts.acquisitions, counts.contentions, counts.spins,
        Clock::ns_of_ticks(counts.wait_ticks), Clock::ns_of_ticks(counts.longest_wait),
        counts.sleeps, Clock::ns_of_ticks(counts.longest_hold));
    print_callers(counts);
}

// Counted whether the statistics are on or not.
void print_deferrals() {
    for (LockInfo const* lock = LockClass::first_lock(); lock != nullptr; lock = lock->next) {
        if (u32 const deferred = atomic::load_relaxed(&lock->deferred); deferred != 0) {
            log("'{}': {} continuations left on it by top halves", lock->name, deferred);
        }
    }
}

void print_table() {
    static constinit Ranking ranking{};  // the shell's alone, and too large for its stack
    ranking.count = 0;
    for (u32 row = 0; row < LockClass::count(); ++row) {
        ranking.add(row);
    }
    log("lock statistics are {}; {} classes of locks in use",
        LockStatistics::is_on() ? "on" : "off", LockClass::count());
    if (u32 const without = LockClass::without_class(); without != 0) {
        log("{} locks are not counted: the table of classes is full", without);
    }
    if (ranking.count == 0) {
        return;
    }
    log("  {10} {9} {10} {12} {12} {8} {12}", "taken", "contended", "spins", "waited ns",
        "longest ns", "sleeps", "held max ns");
    for (u32 i = 0; i < ranking.count; ++i) {
        print_class(LockClass::at(ranking.index[i]));
    }
}

}  // namespace

bool show_lock_statistics(MayBlock const&, Words const& words) {
    if (words.count() == 1) {
        print_table();
        print_deferrals();
    } else if (words.count() == 2 && words.is(1, "on")) {
        LockStatistics::switch_on();
    } else if (words.count() == 2 && words.is(1, "off")) {
        LockStatistics::switch_off();
    } else if (words.count() == 2 && words.is(1, "reset")) {
        LockStatistics::reset();
    } else {
        return false;
    }
    return true;
}

}  // namespace pivot
