// lockorder and masked: what a checked kernel has seen of its locks.
#include "mutex/lock_order.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/shell/locks.hpp"
#include "mutex/guard_report.hpp"
#include "mutex/lock_report.hpp"
#include "spl/spl_watch.hpp"

namespace pivot {
namespace {

bool is_kept() {
    if (!kChecked) {
        log("this kernel keeps no such record: only a checked build does");
    }
    return kChecked;
}

void print_place(uptr pc) {
    Symbol const symbol = symbolise(pc - 1);
    if (symbol.name != nullptr) {
        print("{}+{}", symbol.name, symbol.offset + 1);
    } else {
        print("{x16}", pc);
    }
}

void print_graph() {
    for (u32 n = 0; n < LockGraph::edges(); ++n) {
        LockEdge const& edge = LockGraph::edge_at(n);
        if (!atomic::load_acquire(&edge.complete)) {
            continue;
        }
        print("{-20} before {-20} at ", edge.before->name(), edge.after->name());
        print_place(edge.after_wanted.pc[0]);
        print("\n");
    }
    if (LockGraph::edges_without_traces() != 0) {
        log("and {} more that there was no room for", LockGraph::edges_without_traces());
    }
}

void print_stretch(const char* what, Stretch const& stretch) {
    if (stretch.longest == 0) {
        return;
    }
    print("{-12}{12}  ", what, Clock::ns_of_ticks(stretch.longest));
    print_place(stretch.longest_from);
    print(" to ");
    print_place(stretch.longest_to);
    print("\n");
}

void print_masked(u32 cpu) {
    log("CPU {}: held off for at most, ns, and from where to where", cpu);
    for (u32 level = 1; level < kIpls; ++level) {
        Ipl const ipl = static_cast<Ipl>(level);
        print_stretch(name_of(ipl), SplWatch::longest(cpu, ipl));
    }
    print_stretch("all, masked", SplWatch::longest(cpu, Ipl::none));
}

}  // namespace

bool show_lock_order(MayBlock const&, Words const& words) {
    if (words.count() == 3 && words.is(1, "fatal") && (words.is(2, "on") || words.is(2, "off"))) {
        LockOrder::set_fatal(words.is(2, "on"));
        return true;
    }
    if (words.count() != 1) {
        return false;
    }
    if (is_kept()) {
        log("{} violations; a new one {}", LockReport::count() + GuardReport::count(),
            LockOrder::is_fatal() ? "panics" : "is kept for this list");
        LockReport::print_all();
        GuardReport::print_all();
        print_graph();
    }
    return true;
}

bool show_masked(MayBlock const&, Words const& words) {
    bool const reset = words.count() == 2 && words.is(1, "reset");
    if (words.count() != 1 && !reset) {
        return false;
    }
    if (!is_kept()) {
        return true;
    }
    if (reset) {
        SplWatch::reset();
        return true;
    }
    for_each_cpu(online_set(), [](PerCpu& cpu) { print_masked(cpu.id); });
    return true;
}

}  // namespace pivot
