// The eight interrupt priority levels and how they are encoded.
//
// Who: both. Lock order: none.
//
// softclock..softserial are the bottom halves' levels; a line's top half runs at vm, sched or high.
// The encoding of an SPL ("held": the set of levels that are held off) is a thermometer in two
// words:
//
//     bits 63..32   softserial softnet softbio softclock     one byte a soft level
//     bits 31..0        -       high    sched    vm          one byte a hard level
//
// Each level's set contains every lower level's, each but the empty one is an immediate of ORR, and
// the half that the interrupt controller must enforce is the low word, so entry compares it with
// one 32-bit CMP.
#pragma once

#include "kern/base/percpu.hpp"

namespace pivot {

enum class Ipl : u8 { none, softclock, softbio, softnet, softserial, vm, sched, high };

inline constexpr u32 kIpls = 8;                          // how many levels there are, with `none`
inline constexpr u64 kSoftHeld = 0xffff'ffff'0000'0000;  // all soft levels: also "no preemption"

// The byte of PerCpu::attention that belongs to a level other than none.
[[nodiscard]] constexpr u32 attention_byte(Ipl level) {
    u32 const n = static_cast<u32>(level);
    return n >= static_cast<u32>(Ipl::vm) ? n - static_cast<u32>(Ipl::vm) : n + 3;
}

// All sets, by level. A table, for a loop that counts them up was left in the code by the compiler
// for the highest levels, although the level was a constant: fifty instructions in a splraise.
struct HeldSets {
    u64 at[kIpls];  // by level
};
// Each level's set, made when compiling.
inline constexpr HeldSets kHeldSets = [] {
    HeldSets sets{};
    for (u32 n = 1; n < kIpls; ++n) {
        sets.at[n] = sets.at[n - 1] | u64{0xff} << (8 * attention_byte(static_cast<Ipl>(n)));
    }
    return sets;
}();

// The set of levels that an SPL of `level` holds off: `level` itself and all below it.
[[nodiscard]] constexpr u64 held_at(Ipl level) { return kHeldSets.at[static_cast<u32>(level)]; }

// The level whose set `held` is. `held` must be one of the eight.
[[nodiscard]] constexpr Ipl level_of(u64 held) {
    u32 n = 0;
    while (n + 1 < kIpls && (held_at(static_cast<Ipl>(n + 1)) & ~held) == 0) {
        ++n;
    }
    return static_cast<Ipl>(n);
}

// The lowest and the highest level of a set, a byte a level, that is not empty.
[[nodiscard]] constexpr Ipl lowest_of(u64 levels) {
    u32 n = 1;
    while ((levels >> (8 * attention_byte(static_cast<Ipl>(n))) & 0xff) == 0) {
        ++n;
    }
    return static_cast<Ipl>(n);
}
[[nodiscard]] constexpr Ipl highest_of(u64 levels) {
    u32 n = kIpls - 1;
    while ((levels >> (8 * attention_byte(static_cast<Ipl>(n))) & 0xff) == 0) {
        --n;
    }
    return static_cast<Ipl>(n);
}

// A soft level's place in PerCpu's arrays, and the byte of `attention` that goes with a place.
[[nodiscard]] constexpr u32 soft_slot(Ipl level) {
    return static_cast<u32>(Ipl::softserial) - static_cast<u32>(level);
}
[[nodiscard]] constexpr u32 slot_byte(u32 slot) { return 7 - slot; }

// Whether a bottom half runs at it.
[[nodiscard]] constexpr bool is_soft(Ipl level) {
    return level >= Ipl::softclock && level <= Ipl::softserial;
}

// Whether a line may have it.
[[nodiscard]] constexpr bool is_hard(Ipl level) { return level >= Ipl::vm; }

// The level's name, as it stands in Ipl.
[[nodiscard]] constexpr const char* name_of(Ipl level) {
    constexpr const char* kNames[kIpls] = {"none",       "softclock", "softbio", "softnet",
                                           "softserial", "vm",        "sched",   "high"};
    return kNames[static_cast<u32>(level)];
}

static_assert(held_at(Ipl::none) == 0);
static_assert(held_at(Ipl::softserial) == kSoftHeld);
static_assert(held_at(Ipl::high) == 0xffff'ffff'00ff'ffff);
static_assert(level_of(held_at(Ipl::sched)) == Ipl::sched);
static_assert(slot_byte(soft_slot(Ipl::softclock)) == attention_byte(Ipl::softclock));
static_assert(slot_byte(soft_slot(Ipl::softserial)) == attention_byte(Ipl::softserial));

}  // namespace pivot
