// What must hold of the kernel after every operation that was interrupted.
//
// Who: the thread "main", on the boot CPU, with nothing raised. Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::inject {

// How things stand now is how they have to be from now on: which threads there are, what each of
// them does and at which priority, who is ready, how many callouts are armed.
void remember_state();

// Ends the machine with status 1 if that has changed, or if any invariant of a kernel in which only
// the running thread does anything is broken; `name`: what ran. A thread that has come since has to
// have exited.
void check_invariants(const char* name);

}  // namespace pivot::inject
