// The injection campaign over lists of operations: what is asked for on the command line
// (selection.hpp), one record an operation.
//
// Who: the thread "main", once. Lock order: none held.
#pragma once

#include "tests/bench/operations.hpp"

namespace pivot::inject {

// Prepares a list's operations, and returns them.
using List = Operations (*)(MayBlock const& context);

void campaign(MayBlock const& context, List const* lists, u32 count);

}  // namespace pivot::inject
