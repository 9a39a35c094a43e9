// Commands that look at locks and at what they hold off.
//
// Who: the shell's thread. Lock order: none; counters are read one by one, so a table is a fair
// picture, not an instant.
#pragma once

#include "kern/shell/shell.hpp"

namespace pivot {

// lockstat, lockstat on|off|reset: what each class of locks has cost.
bool show_lock_statistics(MayBlock const& context, Words const& words);

// lockorder: which locks are taken under which, and what broke the order; lockorder fatal on|off.
bool show_lock_order(MayBlock const& context, Words const& words);

// masked, masked reset: the longest times that levels were held off, and from where to where.
bool show_masked(MayBlock const& context, Words const& words);

}  // namespace pivot
