// The concept that every interrupt controller satisfies. A board names one type; calls are direct.
//
// Who: as each operation says. Lock order: none.
//
//   init_distributor()               boot, once; all lines disabled, lowest priority
//   init_cpu()                       boot, on each CPU, whose `affinity` is set: its interface and
//                                    banked lines; sets `controller`, `ipi_target`, `ipi_register`
//   find_cpus(affinities, room)      boot: how many CPUs there are; stores the first `room` of
//                                    their affinities
//   lines()                          INTIDs that the hardware has, at most kLineTableSize
//   enable, disable                  both; after disable, no new interrupt of the line comes
//   set_priority(line, ipl)          both
//   set_unmaskable(line)             both: above `high`, so that no SPL holds it off
//   route(line, cpu)                 thread: an SPI is delivered to that CPU from now on
//   set_trigger(line, trigger)       thread; false if the hardware fixes it
//   pend, unpend                     both: sets or clears the pending state by software
//   deactivate(line)                 thread, on the CPU that acknowledged the line and left it
//                                    active: it may be taken again
//   is_pending, is_active, is_enabled  both
//
// Lines 0-31, SGIs and PPIs, are banked: each CPU has its own, and an operation is about those of
// the CPU that calls it. The caller holds off preemption, or is a top half.
#pragma once

#include <concepts>

#include "spl/ipl.hpp"

namespace pivot {

// What makes a line pending: that it is high, or that it goes high.
enum class Trigger : u8 { level, edge };

template <typename C>
concept Controller = requires(u32 line, Ipl ipl, Trigger trigger, u64* affinities,
                              PerCpu const& cpu) {
    C::init_distributor();
    C::init_cpu();
    { C::find_cpus(affinities, line) } -> std::same_as<u32>;
    { C::lines() } -> std::same_as<u32>;
    C::enable(line);
    C::disable(line);
    C::set_priority(line, ipl);
    C::set_unmaskable(line);
    C::route(line, cpu);
    { C::set_trigger(line, trigger) } -> std::same_as<bool>;
    C::pend(line);
    C::unpend(line);
    C::deactivate(line);
    { C::is_pending(line) } -> std::same_as<bool>;
    { C::is_active(line) } -> std::same_as<bool>;
    { C::is_enabled(line) } -> std::same_as<bool>;
};

}  // namespace pivot
