// Where a row begins and ends: a counter read with a name that qemu/mix.py finds in the image.
//
// The interval runs from the instruction after the begin mark's to the end mark's, that included,
// so two back-to-back reads give 1. The compiler may copy a mark (a tail that two branches share, a
// function that is inlined and also kept): every copy gets a number of its own.
#pragma once

#include "kern/base/types.hpp"

#define PIVOT_MARKED [[gnu::noinline, gnu::noclone]]

// Reads the counter into a u64. `row` is a string literal.
#define PIVOT_BEGIN(row, time) \
    asm volatile("mark_begin." row ".%=: mrs %0, cntpct_el0" : "=r"(time)::"memory")
#define PIVOT_END(row, time) \
    asm volatile("mark_end." row ".%=: mrs %0, cntpct_el0" : "=r"(time)::"memory")

// A top half's last statement stores the time. The store is part of it, so the interval begins
// behind the store, which the caller accounts for by kStoreTicks.
#define PIVOT_STORE_BEGIN(row, place)                                         \
    do {                                                                      \
        pivot::u64 now_;                                                      \
        asm volatile("mrs %0, cntpct_el0\n mark_begin." row ".%=: str %0, %1" \
                     : "=&r"(now_), "=m"(place)::"memory");                   \
    } while (false)
