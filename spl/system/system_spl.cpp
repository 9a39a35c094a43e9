#include "spl/system/system_spl.hpp"

#include "kern/base/atomic.hpp"
#include "mutex/lock_statistics.hpp"
#include "mutex/park.hpp"
#include "mutex/spin_mutex.hpp"

namespace pivot {
namespace {

// In which order those take a level over who have found it taken.
struct alignas(64) Queue {
    u64 next = 0;
    u64 serving = 0;
};
constinit Queue g_queues[kIpls - 1]{};

constexpr u32 shift_of(Ipl level) { return 8 * attention_byte(level); }
constexpr u64 byte_of(Ipl level) { return u64{0xff} << shift_of(level); }

// Lowest first.
template <typename F>
void for_each_level(u64 levels, F visit) {
    for (u32 n = 1; n < kIpls; ++n) {
        if ((levels & byte_of(static_cast<Ipl>(n))) != 0) {
            visit(static_cast<Ipl>(n));
        }
    }
}

// The levels that a context leaves alone: those below its own. They may be wanted by the thread
// that a bottom half has interrupted, in the middle of its raise.
u64 below_this_context() {
    u64 const base = on_interrupt_stack() ? u64{0} : base_spl_of_current();
    return base != 0 ? held_at(static_cast<Ipl>(static_cast<u32>(level_of(base)) - 1)) : 0;
}

}  // namespace

#define PIVOT_SYSTEM_SPL(level) LockInfo("system-wide SPL, " #level, LockKind::spin, Ipl::level, 24)
constinit LockInfo SystemSpl::infos[kIpls - 1] = {
    PIVOT_SYSTEM_SPL(softclock),  PIVOT_SYSTEM_SPL(softbio), PIVOT_SYSTEM_SPL(softnet),
    PIVOT_SYSTEM_SPL(softserial), PIVOT_SYSTEM_SPL(vm),      PIVOT_SYSTEM_SPL(sched),
    PIVOT_SYSTEM_SPL(high)};
#undef PIVOT_SYSTEM_SPL

// Returns what goes into system_owned.
u64 SystemSpl::take_slowly(u64 wanted, u64 spl) {
    auto const caller = reinterpret_cast<uptr>(__builtin_return_address(0));
    wanted &= ~below_this_context();
    if (wanted == 0) {
        return 0;
    }
    Ipl const top = highest_of(wanted);
    LockInfo& named = info(top);
    bool const counted = (atomic::load_relaxed(&infos[0].word) & kToBeCounted) != 0 &&
                         LockStatistics::begin(infos[0]) &&
                         (&named == &infos[0] || LockStatistics::begin(named));
    LockWait wait;
    u64 const begun = counter();
    for_each_level(wanted,
                   [&](Ipl level) { wait.contended |= take_level(level, spl, wait.spins); });
    u64 const owned = wanted & kHeld;
    if (!counted) {
        return owned;
    }
    wait.ticks = wait.contended ? counter() - begun : 0;
    LockStatistics::acquired(named, wait, caller);
    return owned | (byte_of(top) & kIsCounted);
}

// Whether it had to wait for it.
bool SystemSpl::take_level(Ipl level, u64 spl, u64& spins) {
    u32 const shift = shift_of(level);
    if (port::Cpu::set_if_clear(&infos[0].word, byte_of(level), u64{1} << shift)) {
        return false;
    }
    // It may take long: only what this level holds off waits meanwhile.
    Spl const raised = spl_current();
    splx(Spl{spl | held_at(level)});
    wait_in_turn(static_cast<u32>(level) - 1, shift, spins);
    (void)splraise(level_of(raised.held));
    return true;
}

void SystemSpl::wait_in_turn(u32 level, u32 shift, u64& spins) {
    u64* const word = &infos[0].word;
    Queue& queue = g_queues[level];
    u64 const ticket = atomic::fetch_add(&queue.next, u64{1});
    atomic::fetch_add(word, u64{2} << shift);  // from here on nobody overtakes the queue
    for (u64 now = 0; (now = atomic::load_acquire(&queue.serving)) != ticket; ++spins) {
        wait_for_change(&queue.serving, now);
    }
    for (u64 now = 0; ((now = atomic::load_relaxed(word)) >> shift & 1) != 0; ++spins) {
        wait_for_change(word, now);
    }
    // One waiter less, and held: only the head of the queue gets here, and while it is counted
    // nobody takes the byte in passing.
    atomic::fetch_add(word, ~u64{0} << shift);
    atomic::store_release(&queue.serving, ticket + 1);
}

void SystemSpl::count_release(u64 given) {
    for_each_level(given & kIsCounted, [](Ipl level) { LockStatistics::released(info(level)); });
}

void SystemSpl::check_wanted(u64 wanted, Ipl runs_at) {
    wanted &= ~below_this_context();  // it would not wait for those
    if (wanted == 0) {
        return;
    }
    SpinMutexBase const* const held = SpinMutexBase::last_held(this_cpu());
    Ipl const lowest = lowest_of(wanted);
    Ipl const highest = highest_of(wanted);
    LockOrder::wants_spin(info(highest), held, runs_at, Nesting::none);
    if (lowest != highest) {
        LockOrder::wants_spin(info(lowest), held, Ipl::none, Nesting::none);
    }
}

void SystemSpl::note_taken(u64 owned) {
    for_each_level(owned, [](Ipl level) { LockOrder::taken_spin(info(level)); });
}

void SystemSpl::check_given_back(PerCpu const& cpu, u64 system) {
    PIVOT_REQUIRE((system & ~cpu.system) == 0, "the system-wide SPL is lowered to a higher one");
    for_each_level(cpu.system_owned & ~system,
                   [](Ipl level) { LockOrder::released_spin(info(level)); });
}

void SystemSpl::reset() {
    for (LockInfo& each : infos) {
        each.word = each.counted();
        each.next = nullptr;
        each.of_class = nullptr;
        each.since = 0;
        each.listed = 0;
        each.holder = {};
    }
    for (Queue& queue : g_queues) {
        queue = Queue{};
    }
}

LockInfo& system_spl_lock(Ipl level) { return SystemSpl::info(level); }

}  // namespace pivot
