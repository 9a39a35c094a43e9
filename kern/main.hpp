// What an image does once the kernel is up: the shell, a benchmark, a test.
//
// Who: called once, by the thread "main", with interrupts on. Returning ends the machine with
// status 0.
// Lock order: none.
#pragma once

#include "spl/context.hpp"

namespace pivot {

// What an image does: it runs in the first thread; the machine ends when it returns.
void image_main(MayBlock const& context);

}  // namespace pivot
