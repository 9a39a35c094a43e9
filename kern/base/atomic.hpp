// The few atomic operations that the kernel needs, by the names of their ordering.
//
// Who: both. Lock order: none. On AArch64 each is a LDXR/STXR sequence (no LSE: ARMv8.0 boards),
// which an interrupt between the two ends: ERET clears the exclusive monitor (Arm ARM, B2.12.2).
#pragma once

#include "kern/base/types.hpp"

namespace pivot::atomic {

// Replaces `expected` by `value`. Acquire and release on success.
template <typename T>
[[nodiscard]] inline bool replace(T* word, T expected, T value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_ACQ_REL,
                                       __ATOMIC_RELAXED);
}

// Replaces `expected` by `value`, publishing all that went before.
template <typename T>
[[nodiscard]] inline bool release_replace(T* word, T expected, T value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

// The same; on failure `expected` becomes what is there.
template <typename T>
[[nodiscard]] inline bool release_replace_or_load(T* word, T& expected, T value) {
    return __atomic_compare_exchange_n(word, &expected, value, false, __ATOMIC_RELEASE,
                                       __ATOMIC_RELAXED);
}

// Stores a value; returns the one before. Acquires and releases.
template <typename T>
inline T exchange(T* word, T value) {
    return __atomic_exchange_n(word, value, __ATOMIC_ACQ_REL);
}

// Adds; returns the value before. Acquires and releases.
template <typename T>
inline T fetch_add(T* word, T value) {
    return __atomic_fetch_add(word, value, __ATOMIC_ACQ_REL);
}

// Sets bits; returns the value before. Acquires and releases.
template <typename T>
inline T fetch_or(T* word, T value) {
    return __atomic_fetch_or(word, value, __ATOMIC_ACQ_REL);
}

// Clears the bits that `value` does not have; returns the value before. Acquires and releases.
template <typename T>
inline T fetch_and(T* word, T value) {
    return __atomic_fetch_and(word, value, __ATOMIC_ACQ_REL);
}

// All CPUs see these two, and the read-modify-writes above, in one order: a store of one word is
// seen before a later load of another (STLR, LDAR).
template <typename T>
inline void store_in_order(T* word, T value) {
    __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}
template <typename T>
[[nodiscard]] inline T load_in_order(T const* word) {
    return __atomic_load_n(word, __ATOMIC_SEQ_CST);
}

// A load that what follows it stays behind.
template <typename T>
[[nodiscard]] inline T load_acquire(T const* word) {
    return __atomic_load_n(word, __ATOMIC_ACQUIRE);
}

// What went before is seen before the stores that follow; the loads that went before are made
// before those that follow. GCC's sanitizer knows no fences.
inline void release_fence() {
#ifdef __SANITIZE_THREAD__
    asm volatile("" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_RELEASE);
#endif
}
inline void acquire_fence() {
#ifdef __SANITIZE_THREAD__
    asm volatile("" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
#endif
}

// Relaxed accesses of one aligned word are plain ones that the compiler must make, once. Said as
// volatile, because GCC gives an atomic builtin an address of its own: one instruction more. A
// sanitizer must be told the truth.
template <typename T>
[[nodiscard]] inline T load_relaxed(T const* word) {
#ifdef __SANITIZE_THREAD__
    return __atomic_load_n(word, __ATOMIC_RELAXED);
#else
    return *const_cast<T const volatile*>(word);
#endif
}

// A store that what precedes it stays before.
template <typename T>
inline void store_release(T* word, T value) {
    __atomic_store_n(word, value, __ATOMIC_RELEASE);
}

// A store in one piece, in no order with others.
template <typename T>
inline void store_relaxed(T* word, T value) {
#ifdef __SANITIZE_THREAD__
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
#else
    *const_cast<T volatile*>(word) = value;
#endif
}

}  // namespace pivot::atomic
