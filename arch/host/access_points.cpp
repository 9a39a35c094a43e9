// An interrupt point before every memory access of the kernel.
//
// The kernel and the tests are compiled with -fsanitize=thread, which makes the compiler call a
// function before each access and in place of each atomic. We link no thread sanitizer: these
// functions are ours, and what they do is ask the simulated CPU whether an interrupt comes now
// (sim::access_point). So the window between any load and the store that relies on it is entered,
// in unchanged kernel code, by a schedule that a seed or a counter decides. The interface is GCC's
// and clang's (tsan_interface.h, tsan_interface_atomic.h of compiler-rt). This file itself is not
// instrumented.
#include "arch/host/sim_cpu.hpp"

namespace {

using pivot::sim::access_point;

}  // namespace

extern "C" {

void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}

void __tsan_read_range(void* a, unsigned long) { access_point(a); }
void __tsan_write_range(void* a, unsigned long) { access_point(a); }
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}

#define PIVOT_ACCESS(bytes)                                          \
    void __tsan_read##bytes(void* a) { access_point(a); }            \
    void __tsan_write##bytes(void* a) { access_point(a); }           \
    void __tsan_unaligned_read##bytes(void* a) { access_point(a); }  \
    void __tsan_unaligned_write##bytes(void* a) { access_point(a); } \
    void __tsan_volatile_read##bytes(void* a) { access_point(a); }   \
    void __tsan_volatile_write##bytes(void* a) { access_point(a); }  \
    void __tsan_read_write##bytes(void* a) { access_point(a); }

PIVOT_ACCESS(1)
PIVOT_ACCESS(2)
PIVOT_ACCESS(4)
PIVOT_ACCESS(8)
PIVOT_ACCESS(16)

void __tsan_atomic_thread_fence(int) { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
void __tsan_atomic_signal_fence(int) { __atomic_signal_fence(__ATOMIC_SEQ_CST); }

// The strongest order is right for every requested one. An exclusive pair is one atomic step: an
// interrupt between load and store makes the store fail and the pair start again.
#define PIVOT_FETCH(bits, type, name, builtin)                             \
    type __tsan_atomic##bits##_##name(volatile type* a, type value, int) { \
        access_point(a);                                                   \
        return builtin(a, value, __ATOMIC_SEQ_CST);                        \
    }

#define PIVOT_COMPARE_EXCHANGE(bits, type, name)                                        \
    int __tsan_atomic##bits##_compare_exchange_##name(volatile type* a, type* expected, \
                                                      type value, int, int) {           \
        access_point(a);                                                                \
        return __atomic_compare_exchange_n(a, expected, value, false, __ATOMIC_SEQ_CST, \
                                           __ATOMIC_SEQ_CST);                           \
    }

#define PIVOT_ATOMIC(bits, type)                                                                 \
    type __tsan_atomic##bits##_load(const volatile type* a, int) {                               \
        access_point(a);                                                                         \
        return __atomic_load_n(a, __ATOMIC_SEQ_CST);                                             \
    }                                                                                            \
    void __tsan_atomic##bits##_store(volatile type* a, type value, int) {                        \
        access_point(a);                                                                         \
        __atomic_store_n(a, value, __ATOMIC_SEQ_CST);                                            \
    }                                                                                            \
    PIVOT_FETCH(bits, type, exchange, __atomic_exchange_n)                                       \
    PIVOT_FETCH(bits, type, fetch_add, __atomic_fetch_add)                                       \
    PIVOT_FETCH(bits, type, fetch_sub, __atomic_fetch_sub)                                       \
    PIVOT_FETCH(bits, type, fetch_and, __atomic_fetch_and)                                       \
    PIVOT_FETCH(bits, type, fetch_or, __atomic_fetch_or)                                         \
    PIVOT_FETCH(bits, type, fetch_xor, __atomic_fetch_xor)                                       \
    PIVOT_COMPARE_EXCHANGE(bits, type, strong)                                                   \
    PIVOT_COMPARE_EXCHANGE(bits, type, weak)                                                     \
    type __tsan_atomic##bits##_compare_exchange_val(volatile type* a, type expected, type value, \
                                                    int, int) {                                  \
        access_point(a);                                                                         \
        __atomic_compare_exchange_n(a, &expected, value, false, __ATOMIC_SEQ_CST,                \
                                    __ATOMIC_SEQ_CST);                                           \
        return expected;                                                                         \
    }

PIVOT_ATOMIC(8, unsigned char)
PIVOT_ATOMIC(16, unsigned short)
PIVOT_ATOMIC(32, unsigned int)
PIVOT_ATOMIC(64, unsigned long)

}  // extern "C"
