// The board that this build is for.
// Who: boot, drivers' wiring, tests. Lock order: none.
#pragma once

#include "arch/board/qemu_virt.hpp"
#include "intr/line.hpp"
#include "intr/line_share.hpp"
#include "intr/storm.hpp"
#include "intr/threaded_line.hpp"

namespace pivot {

static_assert(Controller<Board::Controller>);

using BoardLines = Lines<Board::Controller>;
using BoardSharedLines = SharedLines<Board::Controller>;
using BoardLineLimits = LineLimits<Board::Controller>;
using BoardLineModels = LineModels<Board::Controller>;

}  // namespace pivot
