// The board that this build is for.
// Who: boot, drivers' wiring, tests. Lock order: none.
#pragma once

#include "arch/board/qemu_virt.hpp"
#include "intr/line.hpp"

namespace pivot {

static_assert(Controller<Board::Controller>);

using BoardLines = Lines<Board::Controller>;

}  // namespace pivot
