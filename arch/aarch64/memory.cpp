// The four functions that a compiler may call without being asked to, even for a freestanding
// program: GCC for the copy of a structure or an initialised local array (GCC manual, 2.1).
//
// Who: both. Lock order: none. Nothing in the kernel calls them on a hot path, so they are as
// simple as they can be. The empty asm keeps the compiler from recognising each loop and replacing
// it by a call to the very function that it is in.
#include "kern/base/types.hpp"

using pivot::u8;
using pivot::usize;

extern "C" {

void* memcpy(void* __restrict to, const void* __restrict from, usize count);
void* memmove(void* to, const void* from, usize count);
void* memset(void* to, int value, usize count);
int memcmp(const void* a, const void* b, usize count);

void* memcpy(void* __restrict to, const void* __restrict from, usize count) {
    for (usize i = 0; i < count; ++i) {
        static_cast<u8*>(to)[i] = static_cast<u8 const*>(from)[i];
        asm volatile("" ::: "memory");
    }
    return to;
}

void* memmove(void* to, const void* from, usize count) {
    if (to <= from) {
        return memcpy(to, from, count);  // forwards: no byte is overwritten before it is read
    }
    while (count-- != 0) {
        static_cast<u8*>(to)[count] = static_cast<u8 const*>(from)[count];
        asm volatile("" ::: "memory");
    }
    return to;
}

void* memset(void* to, int value, usize count) {
    for (usize i = 0; i < count; ++i) {
        static_cast<u8*>(to)[i] = static_cast<u8>(value);
        asm volatile("" ::: "memory");
    }
    return to;
}

int memcmp(const void* a, const void* b, usize count) {
    for (usize i = 0; i < count; ++i) {
        int const difference = static_cast<u8 const*>(a)[i] - static_cast<u8 const*>(b)[i];
        if (difference != 0) {
            return difference;
        }
    }
    return 0;
}

}  // extern "C"
