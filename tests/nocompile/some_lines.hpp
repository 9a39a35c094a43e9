// A line table over a controller that is only declared: these files are compiled, never linked.
//
// Who: tests/nocompile. Lock order: none.
#pragma once

#include "intr/line.hpp"

namespace pivot {

struct DeclaredController {
    static void init_distributor();
    static void init_cpu();
    static u32 find_cpus(u64* affinities, u32 room);
    static u32 lines();
    static void enable(u32 line);
    static void disable(u32 line);
    static void set_priority(u32 line, Ipl level);
    static void set_unmaskable(u32 line);
    static void route(u32 line, PerCpu const& cpu);
    static bool set_trigger(u32 line, Trigger trigger);
    static void pend(u32 line);
    static void unpend(u32 line);
    static void deactivate(u32 line);
    static bool is_pending(u32 line);
    static bool is_active(u32 line);
    static bool is_enabled(u32 line);
};

using SomeLines = Lines<DeclaredController>;

}  // namespace pivot
