// Commands that look at what every kernel has, whatever its board.
//
// Who: the shell's thread. Lock order: none; each field is read by itself, so a list is a fair
// picture, not an instant.
#pragma once

#include "kern/shell/shell.hpp"

namespace pivot {

// ps: every thread that has been started, and the most that it has used of its stack.
bool list_threads(MayBlock const& context, Words const& words);

// spl: where this CPU's SPL stands, and what the levels are for.
bool show_spl(MayBlock const& context, Words const& words);

}  // namespace pivot
