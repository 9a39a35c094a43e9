// arch/dev/line_masks.hpp on the simulated controller without priorities, as ordinary functions: it
// is the kernel's code, so it is compiled with points, and the port that calls it is not.
//
// Who: SimController, and the port's entry. Lock order: none.
#pragma once

#include "spl/ipl.hpp"

namespace pivot {

struct SimLineMasks {
    // What take() answers but for a line.
    static constexpr u32 kNothing = 1021;
    static constexpr u32 kHeldOff = 1022;

    static void init_distributor();
    static void init_cpu();
    static void enable(u32 line);
    static void disable(u32 line);
    static void set_priority(u32 line, Ipl level);
    static void set_unmaskable(u32 line);
    static void route(u32 line, PerCpu const& cpu);
    static void pend(u32 line);
    static void unpend(u32 line);
    static void deactivate(u32 line);
    [[nodiscard]] static bool is_pending(u32 line);
    [[nodiscard]] static bool is_active(u32 line);
    [[nodiscard]] static bool is_enabled(u32 line);
    [[nodiscard]] static u32 take(PerCpu& cpu);
    static void hold_off_only(u64 held);
    [[nodiscard]] static bool remembers_nothing(u32 cpu);
};

}  // namespace pivot
