// Commands that look at what every kernel has, whatever its board.
//
// Who: the shell's thread. Lock order: ps takes g_turnstiles; else none: each field is read by
// itself, so a list is a fair picture, not an instant.
#pragma once

#include "kern/shell/shell.hpp"

namespace pivot {

// ps: every thread that has been started, the most that it has used of its stack, and the mutex
// that it waits for.
bool list_threads(MayBlock const& context, Words const& words);

// spl: where each CPU's SPL stands, the system-wide one included, and what the levels are for.
bool show_spl(MayBlock const& context, Words const& words);

}  // namespace pivot
