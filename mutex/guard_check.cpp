#include "mutex/guard_check.hpp"

#include "arch/contract/backtrace.hpp"
#include "arch/contract/cpu.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "mutex/guard_report.hpp"
#include "mutex/park.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

// The top halves of a CPU, and the adaptive mutexes that they hold. Both nest: whoever interrupts
// this leaves it as it was.
struct CpuTopHalves {
    static constexpr u32 kMost = 8;
    TopHalfMark const* innermost = nullptr;
    u32 taken = 0;
    LockInfo const* lock[kMost] = {};
    u32 depth[kMost] = {};
};
constinit CpuTopHalves g_top_halves[kMaxCpus]{};

CpuTopHalves& top_halves_here() { return g_top_halves[this_cpu().id]; }

// How many top halves are on the interrupt stack, as LockHolder has it.
u32 top_half_depth() { return on_interrupt_stack() ? static_cast<u32>(this_cpu().nesting) + 1 : 0; }

void add(GuardedAccess& access, LockInfo const& lock, bool shared) {
    if (access.locks == GuardedAccess::kMostLocks) {
        return;
    }
    access.shared |= u32{shared} << access.locks;
    access.lock[access.locks++] = &lock;
}

// A mutex that the code which was interrupted holds does not keep that code and this apart.
void add_spin_mutexes(GuardedAccess& access, u32 depth) {
    PerCpu const& cpu = this_cpu();
    for (SpinMutexBase const* held = SpinMutexBase::last_held(cpu); held != nullptr;
         held = held->previous()) {
        LockHolder const* const holder = known(held->info().holder);
        if (holder == nullptr || atomic::load_relaxed(&holder->cpu) != cpu.id + 1 ||
            holder->top_halves != depth) {
            break;  // it, or one that is not held yet; and what was taken before
        }
        add(access, held->info(), false);
    }
}

void add_sleeping_locks(GuardedAccess& access) {
    LockList const* const owned = locks_owned_by_current();
    for (u32 i = 0; owned != nullptr && i < owned->count; ++i) {
        LockHolder const* const holder = known(owned->lock[i]->holder);
        add(access, *owned->lock[i], holder != nullptr && atomic::load_relaxed(&holder->shared));
    }
}

void add_top_halfs_locks(GuardedAccess& access, u32 depth) {
    CpuTopHalves const& here = top_halves_here();
    for (u32 i = 0; i < here.taken && i < CpuTopHalves::kMost; ++i) {
        if (here.depth[i] == depth && here.lock[i] != nullptr) {
            add(access, *here.lock[i], false);
        }
    }
}

// The levels of the system-wide SPL that this CPU has taken, a bit each.
u64 system_bytes() { return this_cpu().system_owned & 0x0101'0101'0101'0101; }

// What a bottom half finds taken there is the interrupted thread's.
u64 below(Ipl level) {
    return level == Ipl::none ? 0 : held_at(static_cast<Ipl>(static_cast<u32>(level) - 1));
}

// Who is running, and under what. With the SPL at none this may go on on another CPU in the midst:
// then nothing that is a CPU's own is held.
GuardedAccess access_here(bool writes) {
    GuardedAccess access;
    access.writes = writes;
    access.spl = port::Cpu::read_spl();
    access.cpus = u64{1} << this_cpu().id;
    u32 const depth = top_half_depth();
    if (depth != 0) {
        TopHalfMark const* const mark = TopHalfMark::innermost();
        access.top_half = true;
        access.level = mark != nullptr ? mark->level() : level_of(access.spl);
        access.actor = mark != nullptr ? mark->actor() : 0;
        access.system = system_bytes() & ~(mark != nullptr ? mark->system_before() : ~u64{0});
        add_top_halfs_locks(access, depth);
    } else {
        access.level = level_of(base_spl_of_current());
        access.system = system_bytes() & ~below(access.level);
        access.actor = reinterpret_cast<u64>(port::Cpu::current());
        add_sleeping_locks(access);
    }
    if (access.spl != 0) {
        add_spin_mutexes(access, depth);
    }
    return access;
}

i32 index_of(GuardedAccess const& access, LockInfo const* lock) {
    for (u32 i = 0; i < access.locks; ++i) {
        if (access.lock[i] == lock) {
            return static_cast<i32>(i);
        }
    }
    return -1;
}

bool is_shared(GuardedAccess const& access, u32 index) { return (access.shared >> index & 1) != 0; }

bool have_lock_in_common(GuardedAccess const& a, GuardedAccess const& b) {
    if (a.locks == GuardedAccess::kMostLocks || b.locks == GuardedAccess::kMostLocks) {
        return true;  // there may be more than are known, so nothing is claimed
    }
    for (u32 i = 0; i < a.locks; ++i) {
        i32 const other = index_of(b, a.lock[i]);
        if (other >= 0 && !(is_shared(a, i) && is_shared(b, static_cast<u32>(other)))) {
            return true;
        }
    }
    return (a.system & b.system) != 0;
}

bool is_one_cpu(u64 cpus) { return (cpus & (cpus - 1)) == 0; }

bool are_kept_apart(GuardedAccess const& a, GuardedAccess const& b) {
    if ((!a.writes && !b.writes) || (a.actor != 0 && a.actor == b.actor) ||
        have_lock_in_common(a, b)) {
        return true;
    }
    return a.cpus == b.cpus && is_one_cpu(a.cpus) && !GuardCheck::may_come_amid(a, b) &&
           !GuardCheck::may_come_amid(b, a);
}

// Whether the two differ in nothing but who and on which CPU.
bool is_same_way(GuardedAccess const& a, GuardedAccess const& b) {
    if (a.writes != b.writes || a.spl != b.spl || a.system != b.system || a.level != b.level ||
        a.top_half != b.top_half || a.locks != b.locks) {
        return false;
    }
    for (u32 i = 0; i < a.locks; ++i) {
        i32 const other = index_of(b, a.lock[i]);
        if (other < 0 || is_shared(a, i) != is_shared(b, static_cast<u32>(other))) {
            return false;
        }
    }
    return true;
}

// Whether the object belongs to `actor` alone so far.
bool is_exclusive(GuardHistory& history, u64 actor) {
    u64 const owner = atomic::load_relaxed(&history.owner);
    if (owner == GuardHistory::kShared) {
        return false;
    }
    if (owner == actor || (owner == 0 && atomic::replace(&history.owner, u64{0}, actor))) {
        return true;
    }
    atomic::store_relaxed(&history.owner, GuardHistory::kShared);
    return false;
}

u32 ways_of(GuardHistory const& history) {
    u32 const claimed = atomic::load_relaxed(&history.claimed);
    return claimed < GuardHistory::kMost ? claimed : GuardHistory::kMost;
}

// The way that an access is one of; null: none yet.
GuardHistory::Way* find_way(GuardHistory& history, GuardedAccess const& access) {
    for (u32 i = 0; i < ways_of(history); ++i) {
        GuardHistory::Way& way = history.way[i];
        if (atomic::load_in_order(&way.known) != 0 && is_same_way(way.access, access)) {
            return &way;
        }
    }
    return nullptr;
}

// False: there was nothing new in it.
bool widen(GuardedAccess& way, GuardedAccess const& access) {
    u64 const actor = atomic::load_relaxed(&way.actor);
    if ((actor == 0 || actor == access.actor) &&
        (atomic::load_relaxed(&way.cpus) & access.cpus) != 0) {
        return false;
    }
    if (actor != access.actor) {
        atomic::store_in_order(&way.actor, u64{0});
    }
    atomic::fetch_or(&way.cpus, access.cpus);
    return true;
}

GuardHistory::Way* add_way(GuardHistory& history, GuardedAccess const& access) {
    if (atomic::load_relaxed(&history.claimed) >= GuardHistory::kMost) {
        atomic::fetch_add(&history.lost, 1u);
        return nullptr;
    }
    u32 const n = atomic::fetch_add(&history.claimed, 1u);
    if (n >= GuardHistory::kMost) {
        atomic::fetch_add(&history.lost, 1u);
        return nullptr;
    }
    history.way[n].access = access;
    atomic::store_in_order(&history.way[n].known, 1u);
    return &history.way[n];
}

// Not inlined: the check of stacks knows it by its name.
[[noreturn, gnu::noinline]] void panic_about(GuardClash const& clash) {
    fall_back_to_polling();
    GuardReport::print_one(clash);
    panic("data is touched with no guard in common", clash.object);
}

void report(GuardHistory const& history, GuardedAccess const& earlier, GuardedAccess const& now) {
    GuardClash const clash{history.name, earlier, now};
    GuardReport::record(clash);
    if (LockOrder::is_fatal()) {
        panic_about(clash);
    }
}

// Whether this is the first time that the two clash. `mine`: null if it is not kept. One word
// decides, that of the way which was claimed first: of two CPUs that ask at once, one is told so.
bool is_first_clash(GuardHistory& history, GuardHistory::Way& other, GuardHistory::Way* mine) {
    auto const theirs = static_cast<u32>(&other - history.way);
    u32 const own = mine != nullptr ? static_cast<u32>(mine - history.way) : GuardHistory::kMost;
    GuardHistory::Way& first = theirs < own ? other : *mine;
    u32 const bit = theirs < own ? own : theirs;
    return (atomic::fetch_or(&first.clashes, 1u << bit) >> bit & 1) == 0;
}

void judge(GuardHistory& history, GuardHistory::Way* mine, GuardedAccess const& access) {
    for (u32 i = 0; i < ways_of(history); ++i) {
        GuardHistory::Way& other = history.way[i];
        if (atomic::load_in_order(&other.known) == 0) {
            continue;
        }
        GuardedAccess earlier = other.access;
        earlier.actor = atomic::load_in_order(&other.access.actor);
        earlier.cpus = atomic::load_in_order(&other.access.cpus);
        if (!are_kept_apart(earlier, access) && is_first_clash(history, other, mine)) {
            report(history, earlier, access);
        }
    }
}

}  // namespace

bool GuardCheck::may_come_amid(GuardedAccess const& who, GuardedAccess const& other) {
    return who.level == Ipl::none ? other.spl == 0 : (held_at(who.level) & ~other.spl) != 0;
}

void GuardCheck::note(GuardHistory& history, bool writes) {
    GuardedAccess access = access_here(writes);
    if (is_exclusive(history, access.actor)) {
        return;
    }
    GuardHistory::Way* way = find_way(history, access);
    if (way != nullptr && !widen(way->access, access)) {
        return;
    }
    capture_backtrace(access.trace.pc, LockTrace::kDepth);
    if (way == nullptr) {
        way = add_way(history, access);
    }
    judge(history, way, access);
}

void GuardCheck::forget(GuardHistory& history) {
    for (GuardHistory::Way& way : history.way) {
        atomic::store_in_order(&way.known, 0u);
        atomic::store_relaxed(&way.clashes, 0u);
    }
    atomic::store_relaxed(&history.claimed, 0u);
    atomic::store_relaxed(&history.owner, u64{0});
}

void GuardCheck::top_half_took(LockInfo const& lock) {
    CpuTopHalves& here = top_halves_here();
    u32 const n = here.taken;
    if (n < CpuTopHalves::kMost) {
        here.lock[n] = nullptr;
        atomic::store_relaxed(&here.taken, n + 1);  // first: who interrupts us goes behind it
        compiler_barrier();
        here.depth[n] = top_half_depth();
        here.lock[n] = &lock;
    }
}

void GuardCheck::top_half_releases(LockInfo const& lock) {
    CpuTopHalves& here = top_halves_here();
    for (u32 i = here.taken; i != 0; --i) {
        if (here.lock[i - 1] == &lock) {
            here.lock[i - 1] = nullptr;
            break;
        }
    }
    while (here.taken != 0 && here.lock[here.taken - 1] == nullptr) {
        atomic::store_relaxed(&here.taken, here.taken - 1);
    }
}

void GuardCheck::reset() {
    for (CpuTopHalves& cpu : g_top_halves) {
        cpu = CpuTopHalves{};
    }
    GuardReport::reset();
}

TopHalfMark::TopHalfMark(u32 intid, Ipl level)
    : actor_(u64{intid} << 16 | 2),
      system_before_(this_cpu().system_owned & ~(held_at(level) & ~below(level))),
      outer_(innermost()),
      level_(level) {
    constexpr u32 kFirstShared = 32;  // below it, each CPU has a line of its own of this number
    if (intid < kFirstShared) {
        actor_ |= u64{this_cpu().id} << 8;
    }
    compiler_barrier();  // whole, before an interrupt sees it
    top_halves_here().innermost = this;
}

TopHalfMark::~TopHalfMark() { top_halves_here().innermost = outer_; }

TopHalfMark const* TopHalfMark::innermost() { return top_halves_here().innermost; }

}  // namespace pivot
