// SpinMutex<Ipl>: the lock that a top half may take. Its holder is always running.
//
// Who: both. `lock` takes the caller's context, and does not compile for a top half above the
// mutex's level: such a top half could interrupt the holder and spin for ever.
// Lock order: by level, lower first; within a level, the caller's.
//
// Taking it raises the SPL to the mutex's level (one store), so that neither a line at that level
// nor another thread can run here; releasing the last one lowers it again. The mutexes that a CPU
// holds form a chain from PerCpu::held, newest first. Released in the order of nesting, which is
// what guards do, a release pops the chain; in another order, the mutex is unlinked and its saved
// SPL goes to the one taken after it, so the SPL falls with the last release.
//
// The word:
//
//     63..49  next     the ticket that the next waiter draws       \ 0 when nobody waits
//     47..33  serving  the ticket whose turn it is                 /
//     32      counted  every acquisition is to go the slow way (mutex/lock_info.hpp)
//     31..0   locked
//
// A newcomer takes the lock only if the whole word is 0 (but for `counted`), so nobody overtakes
// the queue, and yet the release is one store of the low half, with no need to ask who waits:
//
//     uncontended     LDAXR word; 0? STXR 1         STLR 0 to the low half
//     contended       take a ticket: next++         head of the queue: low half 0? lock = 1,
//                     wait in turn                  serving++, queue = 0 if it was the last
//
// Who waits, waits with WFE: the release's store clears the exclusive monitor that the waiter has
// armed on the word, and that is the event. While an acquisition is counted, its link in the chain
// has bit 0 set, so its release finds PerCpu::held different from itself and goes the slow way,
// too.
//
// Barriers: acquire on taking, release on freeing; nothing else is ordered.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/annotations.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "mutex/lock_order.hpp"
#include "mutex/lock_statistics.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

// What all spin mutexes have in common, whatever their level.
class SpinMutexBase {
  public:
    SpinMutexBase(SpinMutexBase const&) = delete;
    SpinMutexBase& operator=(SpinMutexBase const&) = delete;

    // What reports call it.
    [[nodiscard]] const char* name() const { return info_.name; }
    // Its place in the books.
    [[nodiscard]] LockInfo const& info() const { return info_; }
    // Whether anyone has it. It may change at once.
    [[nodiscard]] bool is_locked() const {
        return static_cast<u32>(atomic::load_relaxed(&info_.word)) != 0;
    }
    // The mutex that a CPU took last and has not released; null if it holds none.
    [[nodiscard]] static SpinMutexBase* last_held(PerCpu const& cpu) { return untagged(cpu.held); }
    // The mutex that a link of the chain points at.
    [[nodiscard]] static SpinMutexBase* untagged(SpinMutexBase* link) {
        return reinterpret_cast<SpinMutexBase*>(reinterpret_cast<uptr>(link) & ~kTag);
    }
    // The mutex that this CPU took before this one, while this one is held.
    [[nodiscard]] SpinMutexBase* previous() const { return untagged(previous_); }
    // The SPL that its release goes back to, or went back to, if nobody has taken it since.
    [[nodiscard]] u64 saved_spl() const { return saved_spl_; }

    // In a checked build: panics unless this CPU holds the mutex.
    void assert_held() const {
        if constexpr (kChecked) {
            if (!is_held_here()) [[unlikely]] {
                LockOrder::fail("a spin mutex is not held by this CPU", info_);
            }
        }
    }

    // Releases. Any order among several; by the thread or top half that took it.
    [[gnu::always_inline]] void unlock() {
        assert_held();
        trace_lock(TraceKind::release, info_);
        LockOrder::released_spin(info_);
        if (this_cpu().held != this) [[unlikely]] {
            unlock_slowly();
            return;
        }
        pop(previous_, saved_spl_);
    }

  protected:
    // Inlined always, down to raise and lower: where it happened is then the caller.
    constexpr SpinMutexBase(const char* name, Ipl level)
        : info_(name, LockKind::spin, level, kCountedBit) {}

    [[gnu::always_inline]] void lock_at(u64 level, Ipl runs_at = Ipl::none,
                                        Nesting nesting = Nesting::none) {
        SpinMutexBase* previous;
        u64 saved;
        raise(level, previous, saved);
        if constexpr (kChecked) {
            this_cpu().held = previous;  // not ours yet, should the checker have to say what is
            LockOrder::wants_spin(info_, untagged(previous), runs_at, nesting);
            this_cpu().held = this;
        }
        if (!port::Cpu::acquire_if_zero(&info_.word, 1)) [[unlikely]] {
            lock_slowly(previous);
        }
        previous_ = previous;
        saved_spl_ = saved;
        LockOrder::taken_spin(info_);
        trace_lock(TraceKind::acquire, info_);
    }

    [[nodiscard, gnu::always_inline]] bool try_lock_at(u64 level) {
        SpinMutexBase* previous;
        u64 saved;
        raise(level, previous, saved);
        if (!port::Cpu::acquire_if_zero(&info_.word, 1)) [[unlikely]] {
            if (!try_lock_slowly(previous, saved)) {
                return false;
            }
        }
        previous_ = previous;
        saved_spl_ = saved;
        LockOrder::taken_spin(info_);
        trace_lock(TraceKind::acquire, info_);
        return true;
    }

  private:
    static constexpr u32 kCountedBit = 32;
    static constexpr uptr kTag = 1;  // in a link of the chain: this acquisition is counted

    [[nodiscard]] static bool is_tagged(SpinMutexBase const* link) {
        return (reinterpret_cast<uptr>(link) & kTag) != 0;
    }

    // Raises the SPL, before the lock is seen as taken, and puts this into the chain.
    [[gnu::always_inline]] void raise(u64 level, SpinMutexBase*& previous, u64& saved) {
        port::Cpu::read_held_and_spl(previous, saved);
        // Only code that *runs* above the level could have interrupted a holder: a top half, or,
        // for a soft level, a bottom half. A thread that has raised its SPL further may go ahead.
        PIVOT_ASSERT(
            (saved & ~level) == 0 || (static_cast<u32>(level) != 0 && !on_interrupt_stack()),
            "a spin mutex is taken below the SPL", name());
        port::Cpu::write_held_and_spl(this, saved | level);
        SplWatch::raised(saved, saved | level);
    }

    // Frees the word and takes the newest link out of the chain; what waited is delivered.
    [[gnu::always_inline]] void pop(SpinMutexBase* previous, u64 saved) {
        release_word();
        lower(previous, saved);
    }
    [[gnu::always_inline]] static void lower(SpinMutexBase* previous, u64 saved) {
        if constexpr (kChecked) {
            SplWatch::check_limit(saved);
            SplWatch::lowers(port::Cpu::read_spl(), saved);
        }
        if constexpr (kTraced) {
            SplWatch::trace(port::Cpu::read_spl(), saved);
        }
        port::Cpu::write_held_and_spl(previous, saved);
        if ((port::Cpu::read_attention() & ~saved) != 0) [[unlikely]] {
            pivot_attend(saved);
        }
    }
    void release_word() {
        // low half, little endian
        atomic::store_release(reinterpret_cast<u32*>(&info_.word), u32{0});
    }

    [[nodiscard]] bool is_held_here() const;
    [[gnu::noinline]] void lock_slowly(SpinMutexBase* previous);
    [[gnu::noinline]] bool try_lock_slowly(SpinMutexBase* previous, u64 saved);
    void lock_counted(uptr caller);
    void enter_counted(LockWait const& wait, uptr caller);
    [[nodiscard]] bool is_to_be_counted(u64 word);
    [[nodiscard]] bool take_if_unwanted();
    u64 wait_in_turn();
    void unlock_slowly();

    LockInfo info_;  // first: its word
    SpinMutexBase* previous_ = nullptr;
    u64 saved_spl_ = 0;
};

// A spin mutex of level L: its holder runs with the SPL at L or above, so nobody else who may want
// it runs on this CPU.
template <Ipl L>
class PIVOT_CAPABILITY("spin mutex") SpinMutex : public SpinMutexBase {
  public:
    static_assert(L >= Ipl::softclock, "a spin mutex has a level");
    static constexpr Ipl kLevel = L;  // its level

    // Free; the name is what reports call it.
    constexpr explicit SpinMutex(const char* name) : SpinMutexBase(name, L) {}

    // `Nesting::nested`: another mutex of this name may be held (mutex/lock_order.hpp).
    template <ContextUpTo<L> C>
    void lock(C const&, Nesting nesting = Nesting::none) PIVOT_ACQUIRES() {
        lock_at(held_at(L), kBaseLevel<C>, nesting);
    }
    template <ContextAbove<L> C>
    void lock(C const&, Nesting = {}) = delete;  // such a top half could interrupt the holder

    // Takes it if it is free and nobody waits for it; else the SPL is as before.
    template <ContextUpTo<L> C>
    [[nodiscard]] bool try_lock(C const&) PIVOT_TRIES(true) {
        return try_lock_at(held_at(L));
    }
    template <ContextAbove<L> C>
    bool try_lock(C const&) = delete;  // a top half above the mutex's level would hold it too high

    // By the holder. The SPL goes back to what it was as soon as no mutex taken later is held.
    [[gnu::always_inline]] void unlock() PIVOT_RELEASES() { SpinMutexBase::unlock(); }
};

// Holds a spin mutex for a scope. A caller above its level is refused by SpinMutex::lock.
template <Ipl L>
class [[nodiscard]] PIVOT_SCOPED_GUARD SpinGuard {
  public:
    // Takes it; the scope's end gives it back.
    template <Context C>
    [[nodiscard("an unnamed guard ends at once")]] SpinGuard(SpinMutex<L>& mutex, C const& context,
                                                             Nesting nesting = Nesting::none)
        PIVOT_ACQUIRES(mutex)
        : mutex_(mutex) {
        mutex_.lock(context, nesting);
    }
    SpinGuard(SpinGuard const&) = delete;
    SpinGuard& operator=(SpinGuard const&) = delete;
    ~SpinGuard() PIVOT_RELEASES() { mutex_.unlock(); }

  private:
    SpinMutex<L>& mutex_;
};

}  // namespace pivot
