// The concept that every interrupt controller satisfies. A board names one type; calls are direct.
//
// Who: as each operation says. Lock order: none.
//
//   init_distributor(), init_cpu()   boot; all lines disabled, lowest priority
//   lines()                          INTIDs that the hardware has, at most kLineTableSize
//   enable, disable                  both; after disable, no new interrupt of the line comes
//   set_priority(line, ipl)          both
//   set_trigger(line, trigger)       thread; false if the hardware fixes it
//   pend, unpend                     both: sets or clears the pending state by software
//   is_pending, is_active, is_enabled  both
#pragma once

#include <concepts>

#include "spl/ipl.hpp"

namespace pivot {

enum class Trigger : u8 { level, edge };

template <typename C>
concept Controller = requires(u32 line, Ipl ipl, Trigger trigger) {
    C::init_distributor();
    C::init_cpu();
    { C::lines() } -> std::same_as<u32>;
    C::enable(line);
    C::disable(line);
    C::set_priority(line, ipl);
    { C::set_trigger(line, trigger) } -> std::same_as<bool>;
    C::pend(line);
    C::unpend(line);
    { C::is_pending(line) } -> std::same_as<bool>;
    { C::is_active(line) } -> std::same_as<bool>;
    { C::is_enabled(line) } -> std::same_as<bool>;
};

}  // namespace pivot
