#include "mutex/lock_report.hpp"

#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"

namespace pivot {
namespace {

constinit LockViolation g_violations[LockReport::kMost]{};
constinit u32 g_count = 0;

void print_edge(u32 before, u32 after) {
    LockEdge const* const edge = LockGraph::edge(before, after);
    const char* const first = LockClass::at(before).name();
    const char* const second = LockClass::at(after).name();
    if (edge == nullptr) {
        log("  '{}' has been taken under '{}'; where, there was no room to keep", second, first);
        return;
    }
    log("  earlier, '{}' was taken at", first);
    LockReport::print_trace(edge->before_taken);
    log("  and while it was held, '{}' at", second);
    LockReport::print_trace(edge->after_wanted);
}

// The other way round: the edges from the lock wanted now to the one that is held.
void print_cycle(LockViolation const& violation) {
    LockGraph::Path const path = LockGraph::find_path(*violation.second, *violation.first);
    for (u32 i = 0; i + 1 < path.length; ++i) {
        print_edge(path.index[i], path.index[i + 1]);
    }
}

void print_masking(LockViolation const& violation) {
    log("lock order: the SPL is lowered below '{}' (level {}) while that is held",
        violation.first->name(), name_of(violation.first->level()));
    log("  '{}' was taken at", violation.first->name());
    LockReport::print_trace(violation.first_taken);
    log("  the SPL is lowered at");
    LockReport::print_trace(violation.here);
    if (violation.top_half != Ipl::none) {
        log("  a top half at {}, which is let in now, takes it at", name_of(violation.top_half));
        LockReport::print_trace(violation.top_half_takes);
    }
}

}  // namespace

const char* LockReport::words(LockRule rule) {
    switch (rule) {
        case LockRule::order:
            return "locks are taken in two orders";
        case LockRule::level:
            return "a spin mutex is taken under one of a higher level";
        case LockRule::same_class:
            return "two locks of one class are held, and not as nested";
        case LockRule::masking:
            return "the SPL is lowered below a spin mutex that is held";
    }
    return "?";
}

LockViolation const* LockReport::record(LockViolation const& violation) {
    u32 const n = atomic::fetch_add(&g_count, 1u);
    if (n >= kMost) {
        return nullptr;
    }
    g_violations[n] = violation;
    atomic::store_release(&g_violations[n].complete, true);
    return &g_violations[n];
}

u32 LockReport::count() { return atomic::load_relaxed(&g_count); }

void LockReport::print_trace(LockTrace const& trace) {
    for (uptr const pc : trace.pc) {
        if (pc == 0) {
            break;
        }
        Symbol const symbol = symbolise(pc - 1);  // of the call, not of what follows it
        print("    {x16}", pc);
        if (symbol.name != nullptr) {
            print(" {}+{}", symbol.name, symbol.offset + 1);
        }
        print("\n");
    }
}

void LockReport::print_one(LockViolation const& violation) {
    if (violation.rule == LockRule::masking) {
        print_masking(violation);
        return;
    }
    const char* const first = violation.first->name();
    const char* const second = violation.second->name();
    log("lock order: '{}' is taken while '{}' is held: {}", second, first, words(violation.rule));
    log("  '{}' was taken at", first);
    print_trace(violation.first_taken);
    log("  '{}' is taken at", second);
    print_trace(violation.here);
    if (violation.rule == LockRule::order) {
        print_cycle(violation);
    }
}

void LockReport::print_all() {
    for (LockViolation const& violation : g_violations) {
        if (atomic::load_acquire(&violation.complete)) {
            print_one(violation);
        }
    }
    if (count() > kMost) {
        log("{} more that there was no room for", count() - kMost);
    }
}

void LockReport::reset() {
    for (LockViolation& violation : g_violations) {
        violation = LockViolation{};
    }
    g_count = 0;
}

}  // namespace pivot
