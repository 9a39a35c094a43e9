#include "mutex/guard_report.hpp"

#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "mutex/lock_report.hpp"
#include "mutex/park.hpp"

namespace pivot {
namespace {

constinit GuardClash g_clashes[GuardReport::kMost]{};
constinit u32 g_count = 0;

bool is_line(u64 actor) { return (actor & 2) != 0; }

void print_who(GuardedAccess const& access) {
    if (access.top_half) {
        print("a top half at {}", name_of(access.level));
        if (is_line(access.actor)) {
            print(" (line {})", access.actor >> 16);
        }
    } else if (access.level != Ipl::none) {
        print("the bottom half at {}", name_of(access.level));
    } else if (access.actor != 0) {
        print("thread '{}'", name_of(*reinterpret_cast<Thread const*>(access.actor)));
    } else {
        print("several threads");
    }
}

void print_cpus(u64 cpus) {
    bool const one = (cpus & (cpus - 1)) == 0;
    print(one ? " on CPU" : " on CPUs");
    for (const char* between = " "; cpus != 0; cpus &= cpus - 1, between = ", ") {
        print("{}{}", between, static_cast<u32>(__builtin_ctzll(cpus)));
    }
}

void print_guards(GuardedAccess const& access) {
    const char* between = ", under ";
    for (u32 i = 0; i < access.locks; ++i) {
        LockInfo const& lock = *access.lock[i];
        bool const shared = (access.shared >> i & 1) != 0;
        print("{}{} lock '{}'{}", between, name_of(lock.kind), lock.name,
              shared ? " as a reader" : "");
        between = " and ";
    }
    if (access.system != 0) {
        print("{}the system-wide SPL, {}", between, name_of(highest_of(access.system)));
        between = " and ";
    }
    if ((held_at(access.level) & access.spl) != access.spl) {
        print("{}SPL {}", between, name_of(level_of(access.spl)));
    } else if (access.spl != 0) {
        print("{}its own SPL, {}", between, name_of(access.level));
    } else if (access.locks == 0 && access.system == 0) {
        print(", under nothing");
    }
}

void print_access(const char* intro, GuardedAccess const& access) {
    print("  {}{} by ", intro, access.writes ? "written" : "read");
    print_who(access);
    print_cpus(access.cpus);
    print_guards(access);
    print(", at\n");
    LockReport::print_trace(access.trace);
}

bool has_lock(GuardedAccess const& access) { return access.locks != 0 || access.system != 0; }

}  // namespace

const char* GuardReport::reason(GuardClash const& clash) {
    GuardedAccess const& a = clash.earlier;
    GuardedAccess const& b = clash.now;
    if (has_lock(a) && has_lock(b)) {
        return "two locks that know nothing of each other";
    }
    if ((a.spl == 0 && !has_lock(a)) || (b.spl == 0 && !has_lock(b))) {
        return "under nothing";
    }
    if (has_lock(a) || has_lock(b)) {
        return "a lock on one side, an SPL on the other";
    }
    return a.cpus != b.cpus || (a.cpus & (a.cpus - 1)) != 0
               ? "an SPL holds off what is on its own CPU only"
               : "the SPL of one lets the other come";
}

void GuardReport::record(GuardClash const& clash) {
    u32 const n = atomic::fetch_add(&g_count, 1u);
    if (n < kMost) {
        g_clashes[n] = clash;
        atomic::store_release(&g_clashes[n].complete, true);
    }
}

u32 GuardReport::count() { return atomic::load_relaxed(&g_count); }

GuardClash const* GuardReport::at(u32 index) {
    return index < kMost && atomic::load_acquire(&g_clashes[index].complete) ? &g_clashes[index]
                                                                             : nullptr;
}

void GuardReport::print_one(GuardClash const& clash) {
    log("guards: '{}' is touched with no guard in common: {}", clash.object, reason(clash));
    print_access("", clash.earlier);
    print_access("and ", clash.now);
}

void GuardReport::print_all() {
    for (u32 i = 0; i < kMost; ++i) {
        if (GuardClash const* const clash = at(i); clash != nullptr) {
            print_one(*clash);
        }
    }
    if (count() > kMost) {
        log("{} more that there was no room for", count() - kMost);
    }
}

void GuardReport::reset() {
    for (GuardClash& clash : g_clashes) {
        clash = GuardClash{};
    }
    g_count = 0;
}

}  // namespace pivot
