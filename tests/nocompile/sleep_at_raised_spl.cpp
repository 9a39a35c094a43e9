// A thread sleeps with its SPL raised.
// expect-gcc: use of deleted function .*operator const pivot::MayBlock&
// expect-clang: conversion function from .*Raised.* invokes a deleted function
// explains: nobody sleeps with the SPL raised
#include "kern/clock.hpp"
#include "spl/raised.hpp"

namespace pivot {

void settle(MayBlock const& context) {
    at_spl<Ipl::vm>(context, [](Raised<Ipl::vm> const&) {});
#ifdef PIVOT_VALID
    Clock::sleep_ns(context, 1000);
#else
    at_spl<Ipl::vm>(context, [](Raised<Ipl::vm> const& raised) { Clock::sleep_ns(raised, 1000); });
#endif
}

}  // namespace pivot
