// What a request about a line may be refused for.
// Who: both. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot {

enum class [[nodiscard]] LineError : u8{
    none,
    out_of_range,   // the controller has no such line
    taken,          // somebody has requested it
    not_requested,  // nobody has
    wrong_kind,     // an SPI used as PPI, an SGI whose trigger is to be set, ...
    fixed,          // the hardware does not let this be changed
    other_cpu,      // its top half may be running on another CPU
    no_such_cpu,    // not online
    shared,         // others depend on it: quiet the device instead
    other_level,    // it is shared at another level
    limited,        // whoever limited it must wait for the poll's end
};

// The error in words, without a full stop.
[[nodiscard]] const char* text_of(LineError error);

}  // namespace pivot
