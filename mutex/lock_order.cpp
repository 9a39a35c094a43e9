#include "mutex/lock_order.hpp"

#include "arch/contract/backtrace.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/base/format.hpp"
#include "kern/base/log.hpp"
#include "mutex/guard_check.hpp"
#include "mutex/lock_report.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

constinit bool g_fatal = true;
constinit u32 g_lists_full = 0;

// What is known of a class of spin mutexes beside the order. Each part is claimed by who sees it
// first, filled, and then known; who makes one known looks at the other, so of two CPUs one at
// least sees both.
struct Masking {
    struct TopHalf {
        u8 claimed = 0;
        u8 known = 0;
        LockTrace takes{};
    };
    static constexpr Ipl kHighestFirst[] = {Ipl::high, Ipl::sched, Ipl::vm};

    TopHalf top_half[sizeof(kHighestFirst)]{};  // by level: one that takes the class
    u8 claimed = 0;
    u8 known = 0;  // held while the SPL was lowered below it:
    u64 lowered_to = 0;
    LockTrace taken{}, lowered_at{};

    [[nodiscard]] TopHalf& at(Ipl level) {
        return top_half[static_cast<u32>(level) - static_cast<u32>(Ipl::vm)];
    }
    // The highest level whose top halves take the class and are let in; none: there is no such.
    [[nodiscard]] Ipl uncovered() {
        for (Ipl level : kHighestFirst) {
            if ((held_at(level) & ~lowered_to) != 0 && atomic::load_in_order(&at(level).known)) {
                return level;
            }
        }
        return Ipl::none;
    }
};
constinit Masking g_masking[LockClass::kMost]{};

// A panic's one line: "'b' under 'a'".
struct Detail {
    char text[80] = {};
    usize length = 0;

    static void add(void* state, const char* text, usize length) {
        auto& self = *static_cast<Detail*>(state);
        for (usize i = 0; i < length && self.length + 1 < sizeof(self.text); ++i) {
            self.text[self.length++] = text[i];
        }
    }
};
constinit Detail g_detail{};

// How many top halves are on the interrupt stack: with the thread, who is running.
u32 top_halves() { return on_interrupt_stack() ? static_cast<u32>(this_cpu().nesting) + 1 : 0; }

LockTrace trace_of(LockInfo const& lock) {
    LockHolder const* const holder = known(lock.holder);
    return holder != nullptr ? holder->trace : LockTrace{};
}

bool is_held_by(LockInfo const& lock, PerCpu const& cpu) {
    LockHolder const* const holder = known(lock.holder);
    return holder != nullptr && atomic::load_relaxed(&holder->cpu) == cpu.id + 1;
}

// Not inlined: the check of stacks knows it by its name.
[[noreturn, gnu::noinline]] void panic_about(LockViolation const& violation) {
    fall_back_to_polling();
    LockReport::print_one(violation);
    if (violation.second != nullptr) {
        FormatArg const names[] = {violation.second->name(), violation.first->name()};
        format(&Detail::add, &g_detail, "'{}' under '{}'", names, 2);
    } else {
        FormatArg const names[] = {violation.first->name()};
        format(&Detail::add, &g_detail, "'{}'", names, 1);
    }
    panic(LockReport::words(violation.rule), g_detail.text);
}

void report(LockViolation const& violation) {
    (void)LockReport::record(violation);
    if (g_fatal) {
        panic_about(violation);
    }
}

// `held` is held and `wanted` is about to be waited for. Inlined, so that the trace begins where
// the lock is taken.
[[gnu::always_inline]] inline void judge(LockInfo const& held, LockInfo const& wanted,
                                         Nesting nesting) {
    LockClass const* const before = atomic::load_acquire(&held.of_class);
    LockClass const* const after = atomic::load_acquire(&wanted.of_class);
    if (&held == &wanted) {
        return;  // the lock's own business, and worse
    }
    if (before == nullptr || after == nullptr || LockGraph::has(*before, *after) ||
        (before == after && nesting == Nesting::nested)) {
        return;
    }
    LockViolation found;
    found.first = before;
    found.second = after;
    found.first_taken = trace_of(held);
    capture_backtrace(found.here.pc, LockTrace::kDepth);
    if (!LockGraph::add(*before, *after, found.first_taken, found.here)) {
        return;
    }
    if (before == after) {
        found.rule = LockRule::same_class;
    } else if (held.kind == LockKind::spin && wanted.kind == LockKind::spin &&
               wanted.level < held.level) {
        found.rule = LockRule::level;
    } else if (LockGraph::find_path(*after, *before).length != 0) {
        found.rule = LockRule::order;
    } else {
        return;
    }
    report(found);
}

void report_masking(LockClass const& of_class, Masking& masking) {
    LockViolation found;
    found.rule = LockRule::masking;
    found.first = &of_class;
    found.first_taken = masking.taken;
    found.here = masking.lowered_at;
    found.top_half = masking.uncovered();
    if (found.top_half != Ipl::none) {
        found.top_half_takes = masking.at(found.top_half).takes;
    }
    report(found);
}

// The SPL is about to be lowered while `lock` is held.
[[gnu::always_inline]] inline void judge_lowering(LockInfo const& lock, u64 to) {
    LockClass const* const of_class = atomic::load_acquire(&lock.of_class);
    if ((held_at(lock.level) & ~to) == 0 || of_class == nullptr) {
        return;
    }
    Masking& masking = g_masking[of_class->index()];
    if (atomic::exchange(&masking.claimed, u8{1}) != 0) {
        return;
    }
    masking.lowered_to = to;
    masking.taken = trace_of(lock);
    capture_backtrace(masking.lowered_at.pc, LockTrace::kDepth);
    atomic::store_in_order(&masking.known, u8{1});
    report_masking(*of_class, masking);
}

// A top half at `level` takes a lock of this class.
[[gnu::always_inline]] inline void note_top_half(LockClass const& of_class, Ipl level) {
    Masking& masking = g_masking[of_class.index()];
    Masking::TopHalf& top_half = masking.at(level);
    if (atomic::load_relaxed(&top_half.claimed) != 0 ||
        atomic::exchange(&top_half.claimed, u8{1}) != 0) {
        return;
    }
    capture_backtrace(top_half.takes.pc, LockTrace::kDepth);
    atomic::store_in_order(&top_half.known, u8{1});
    if (atomic::load_in_order(&masking.known) != 0 && masking.uncovered() == level) {
        report_masking(of_class, masking);  // now it is more than bad manners
    }
}

}  // namespace

void LockOrder::check_wanted(LockInfo& lock, Nesting nesting) {
    LockClass::enter(lock);
    LockList const* const owned = locks_owned_by_current();
    for (u32 i = 0; owned != nullptr && i < owned->count; ++i) {
        judge(*owned->lock[i], lock, nesting);
    }
}

void LockOrder::check_wanted_spin(LockInfo& lock, SpinMutexBase const* others, Ipl runs_at,
                                  Nesting nesting) {
    LockClass::enter(lock);
    PerCpu const& cpu = this_cpu();
    // The newest may be one that this CPU is about to take and does not hold yet: its link is not
    // ours to follow.
    for (; others != nullptr && is_held_by(others->info(), cpu); others = others->previous()) {
        judge(others->info(), lock, nesting);
    }
    if (u64 const owned = cpu.system_owned; owned != 0) {
        judge(system_spl_lock(lowest_of(owned)), lock, nesting);
        judge(system_spl_lock(highest_of(owned)), lock, nesting);
    }
    LockClass const* const of_class = atomic::load_acquire(&lock.of_class);
    if (is_hard(runs_at) && of_class != nullptr) {
        note_top_half(*of_class, runs_at);
    }
    if (on_interrupt_stack()) {
        return;  // what the interrupted thread sleeps for concerns it alone
    }
    LockList const* const owned = locks_owned_by_current();
    for (u32 i = 0; owned != nullptr && i < owned->count; ++i) {
        judge(*owned->lock[i], lock, nesting);
    }
}

void LockOrder::record_holder(LockInfo& lock) {
    if (LockHolder* const holder = known(lock.holder); holder != nullptr) {
        holder->thread = port::Cpu::current();
        holder->top_halves = top_halves();
        capture_backtrace(holder->trace.pc, LockTrace::kDepth);
        atomic::store_relaxed(&holder->cpu, this_cpu().id + 1);
    }
}

void LockOrder::record_taken(LockInfo& lock, Sharing sharing) {
    LockHolder* const holder = known(lock.holder);
    LockList* const owned = locks_owned_by_current();
    if (holder == nullptr || owned == nullptr) {
        return;
    }
    holder->thread = port::Cpu::current();
    capture_backtrace(holder->trace.pc, LockTrace::kDepth);
    atomic::store_relaxed(&holder->cpu, u32{1});  // any: its owner may migrate
    atomic::store_relaxed(&holder->shared, sharing == Sharing::with_readers);
    if (owned->count == LockList::kMost) {
        atomic::fetch_add(&g_lists_full, 1u);
        return;
    }
    owned->lock[owned->count++] = &lock;
}

void LockOrder::record_released(LockInfo& lock) {
    LockList* const owned = locks_owned_by_current();
    u32 i = owned != nullptr ? owned->count : 0;
    while (i != 0 && owned->lock[i - 1] != &lock) {
        --i;
    }
    if (i == 0) {
        return;  // a stranger's release, which the lock itself refuses; or the list was full
    }
    if (LockHolder* const holder = known(lock.holder); holder != nullptr) {
        atomic::store_relaxed(&holder->cpu, u32{0});
    }
    for (; i < owned->count; ++i) {
        owned->lock[i - 1] = owned->lock[i];
    }
    --owned->count;
}

void LockOrder::end_hold(LockInfo& lock) {
    LockHolder* const holder = known(lock.holder);
    if (holder == nullptr) {
        return;
    }
    if (holder->thread != port::Cpu::current() || holder->top_halves != top_halves()) {
        fail("a spin mutex is released by another thread or top half than took it", lock);
    }
    atomic::store_relaxed(&holder->cpu, u32{0});
}

void LockOrder::check_may_block(const char* what, u64 base_spl) {
    PIVOT_REQUIRE(!on_interrupt_stack(), "a top half may not block", what);
    u64 const spl = port::Cpu::read_spl();
    if (base_spl != 0 && (base_spl & ~this_cpu().system) == 0) {
        // The thread below cannot hold a bottom half's own level: it would have held it off.
        fail("a bottom half sleeps while holding the system-wide SPL",
             system_spl_lock(level_of(base_spl)));
    }
    if (spl == base_spl) {
        return;  // and nothing that raises it is held; another thread's CPU is not looked at
    }
    if (SpinMutexBase const* const held = SpinMutexBase::last_held(this_cpu()); held != nullptr) {
        fail("sleep while holding a spin mutex", held->info());
    }
    if (u64 const owned = this_cpu().system_owned; owned != 0) {
        fail("sleep while holding the system-wide SPL", system_spl_lock(highest_of(owned)));
    }
    LockTrace raised;
    raised.pc[0] = SplWatch::raised_at(level_of(spl));
    if (raised.pc[0] != 0) {
        fall_back_to_polling();
        log("the SPL was raised to {} at", name_of(level_of(spl)));
        LockReport::print_trace(raised);
    }
    panic("sleep with the SPL raised", what);
}

void LockOrder::fail(const char* invariant, LockInfo const& lock) {
    LockHolder const* const holder = known(lock.holder);
    if (holder != nullptr && holder->cpu != 0) {
        fall_back_to_polling();
        log("'{}' is held by a {} and was taken at", lock.name,
            holder->top_halves != 0 ? "top half" : "thread");
        LockReport::print_trace(holder->trace);
    }
    panic(invariant, lock.name);
}

void LockOrder::set_fatal(bool fatal) { atomic::store_relaxed(&g_fatal, fatal); }
bool LockOrder::is_fatal() { return atomic::load_relaxed(&g_fatal); }
u32 LockOrder::violations() { return LockReport::count(); }

void LockOrder::reset() {
    for (Masking& masking : g_masking) {
        masking = Masking{};
    }
    g_detail = Detail{};
    g_lists_full = 0;
    LockGraph::reset();
    LockReport::reset();
    GuardCheck::reset();
}

}  // namespace pivot

void pivot_spl_lowers(pivot::u64 to) {
    using namespace pivot;
    PerCpu const& cpu = this_cpu();
    for (SpinMutexBase const* held = SpinMutexBase::last_held(cpu);
         held != nullptr && is_held_by(held->info(), cpu); held = held->previous()) {
        judge_lowering(held->info(), to);
    }
    if (cpu.system_owned != 0) {
        judge_lowering(system_spl_lock(highest_of(cpu.system_owned)), to);
    }
}
