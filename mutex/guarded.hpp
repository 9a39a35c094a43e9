// Guarded<T>: data that says when it is touched, so that the checker can tell whether one guard
// covers all of it (mutex/guard_check.hpp). In a release build it is a T and nothing else.
//
// Who: both. Lock order: none; it guards nothing, it watches.
//
//     constinit Guarded<Ring> g_ring{"uart ring"};
//
//     g_ring.write()->put(byte);                        a look at what is held, now
//     if (g_ring.read()->is_empty()) ...
//     g_ring.write([&](Ring& ring) { ... });            the same before and after a longer stretch
//
// A pointer from read() or write() is for the expression that it is in: the checker sees when it
// was asked for, not what is done with it later.
//
// GuardWatch is for data that cannot be wrapped, such as the softc of a driver in C:
//
//     struct softc { int sc_head, sc_tail; GuardWatch sc_watch{"sc_ring"}; };
//     sc->sc_watch.writes();
//     sc->sc_head++;
#pragma once

#include <utility>

#include "mutex/guard_check.hpp"

namespace pivot {

// In checked builds what is known of who touches an object; else empty.
class GuardWatch {
  public:
    // Nothing is known yet; the name is what reports say.
    constexpr explicit GuardWatch(const char* name) : history_(name) {}
    GuardWatch(GuardWatch const&) = delete;
    GuardWatch& operator=(GuardWatch const&) = delete;

    // What is watched is about to be read; about to be written. Inlined always: where it happens is
    // then the caller.
    [[gnu::always_inline]] void reads() const {
        if constexpr (kChecked) {
            GuardCheck::note(*known(history_), false);
        }
    }
    [[gnu::always_inline]] void writes() const {
        if constexpr (kChecked) {
            GuardCheck::note(*known(history_), true);
        }
    }

    // From here on somebody else has it to himself, as if it were new: for what is given away
    // through a queue, a semaphore, the end of a thread. By whoever has it to himself.
    void handed_over() const {
        if constexpr (kChecked) {
            GuardCheck::forget(*known(history_));
        }
    }

  private:
    [[no_unique_address]] mutable std::conditional_t<kChecked, GuardHistory, NoGuardHistory>
        history_;
};

// An object that is watched: a checked build reports two touches that nothing keeps apart.
template <typename T>
class Guarded {
  public:
    // `values`: what T is made of.
    template <typename... V>
    constexpr explicit Guarded(const char* name, V&&... values)
        : watch_(name), value_{std::forward<V>(values)...} {}
    Guarded(Guarded const&) = delete;
    Guarded& operator=(Guarded const&) = delete;

    // To read it, here and now: the pointer is not to be kept.
    [[nodiscard, gnu::always_inline]] T const* read() const {
        watch_.reads();
        return &value_;
    }
    // To change it, here and now: the pointer is not to be kept.
    [[nodiscard, gnu::always_inline]] T* write() {
        watch_.writes();
        return &value_;
    }

    // Calls `body(T const&)`, `body(T&)`. A guard that ends half way is seen.
    template <typename F>
    [[gnu::always_inline]] void read(F&& body) const {
        watch_.reads();
        body(value_);
        watch_.reads();
    }
    template <typename F>
    [[gnu::always_inline]] void write(F&& body) {
        watch_.writes();
        body(value_);
        watch_.writes();
    }

    // As GuardWatch's: what is known of who touches it is forgotten.
    void handed_over() const { watch_.handed_over(); }

  private:
    [[no_unique_address]] GuardWatch watch_;
    T value_;
};

static_assert(kChecked || sizeof(Guarded<u64>) == sizeof(u64), "a release build pays nothing");

}  // namespace pivot
