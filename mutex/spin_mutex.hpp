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
// The word: low half "locked", high half the queue of waiters {serving:16, next:16}, both 0 when
// nobody waits. A newcomer takes the lock only if the whole word is 0, so nobody overtakes the
// queue, and yet the release is one store of the low half, with no need to ask who waits:
//
//     uncontended     LDAXR word; 0? STXR 1         STLR 0 to the low half
//     contended       take a ticket: next++         head of the queue: low half 0? lock = 1,
//                     wait in turn                  serving++, queue = 0 if it was the last
//
// Barriers: acquire on taking, release on freeing; nothing else is ordered.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "spl/context.hpp"
#include "spl/spl.hpp"

namespace pivot {

class SpinMutexBase {
  public:
    SpinMutexBase(SpinMutexBase const&) = delete;
    SpinMutexBase& operator=(SpinMutexBase const&) = delete;

    [[nodiscard]] const char* name() const { return name_; }
    [[nodiscard]] bool is_locked() const {
        return static_cast<u32>(atomic::load_relaxed(&word_)) != 0;
    }
    // The mutex that this CPU took before this one, while this one is held.
    [[nodiscard]] SpinMutexBase* previous() const { return previous_; }

    // In a checked build: panics unless this CPU holds the mutex.
    void assert_held() const {
        PIVOT_ASSERT(is_held_here(), "a spin mutex is not held by this CPU", name_);
    }

    // Releases. Any order among several.
    void unlock() {
        assert_held();
        PerCpu& cpu = this_cpu();
        if (cpu.held != this) [[unlikely]] {
            unlock_out_of_order(cpu);
            return;
        }
        SpinMutexBase* const previous = previous_;
        u64 const saved = saved_spl_;
        release_word();
        port::Cpu::write_held_and_spl(previous, saved);
        if ((port::Cpu::read_attention() & ~saved) != 0) [[unlikely]] {
            pivot_attend(saved);
        }
    }

  protected:
    constexpr explicit SpinMutexBase(const char* name) : name_(name) {}

    void lock_at(u64 level) {
        SpinMutexBase* previous;
        u64 saved;
        port::Cpu::read_held_and_spl(previous, saved);
        // Only code that *runs* above the level could have interrupted a holder: a top half, or,
        // for a soft level, a bottom half. A thread that has raised its SPL further may go ahead.
        PIVOT_ASSERT(
            (saved & ~level) == 0 || (static_cast<u32>(level) != 0 && !on_interrupt_stack()),
            "a spin mutex is taken below the SPL", name_);
        // raised before the lock is seen as taken
        port::Cpu::write_held_and_spl(this, saved | level);
        if (!port::Cpu::acquire_if_zero(&word_, 1)) [[unlikely]] {
            wait_in_turn(previous);
        }
        previous_ = previous;
        saved_spl_ = saved;
    }

  private:
    [[nodiscard]] bool is_held_here() const;
    void wait_in_turn(SpinMutexBase* previous);
    void unlock_out_of_order(PerCpu& cpu);
    void release_word() {
        atomic::store_release(reinterpret_cast<u32*>(&word_), u32{0});  // low half, little endian
    }

    u64 word_ = 0;
    SpinMutexBase* previous_ = nullptr;
    u64 saved_spl_ = 0;
    const char* name_;
};

template <Ipl L>
class SpinMutex : public SpinMutexBase {
  public:
    static_assert(L >= Ipl::softclock, "a spin mutex has a level");
    static constexpr Ipl kLevel = L;

    constexpr explicit SpinMutex(const char* name) : SpinMutexBase(name) {}

    template <ContextUpTo<L> C>
    void lock(C const&) {
        lock_at(held_at(L));
    }
    template <ContextAbove<L> C>
    void lock(C const&) = delete;  // a top half above the mutex's level could interrupt its holder
};

// Holds a spin mutex for a scope. A caller above its level is refused by SpinMutex::lock.
template <Ipl L>
class [[nodiscard]] SpinGuard {
  public:
    template <Context C>
    [[nodiscard("an unnamed guard ends at once")]] SpinGuard(SpinMutex<L>& mutex, C const& context)
        : mutex_(mutex) {
        mutex_.lock(context);
    }
    SpinGuard(SpinGuard const&) = delete;
    SpinGuard& operator=(SpinGuard const&) = delete;
    ~SpinGuard() { mutex_.unlock(); }

  private:
    SpinMutex<L>& mutex_;
};

}  // namespace pivot
