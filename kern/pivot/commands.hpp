// The commands of the `pivot` image that know the board. They lie right of everything, as
// kern/main.cpp does (docs/decisions/shell-layers.md).
//
// Who: the shell's thread. Lock order: none held.
#pragma once

#include "kern/shell/shell.hpp"

namespace pivot {

// irq, irq measure N on|off: what every line has cost, like vmstat -i. irq affinity N CPU: from now
// on to that CPU.
bool show_lines(MayBlock const& context, Words const& words);
// cpus: which there are, and what each is at.
bool show_cpus(MayBlock const& context, Words const& words);
// timers, timers every MS, timers stop: the armed callouts of every CPU; a periodic one to look at.
bool show_timers(MayBlock const& context, Words const& words);
// defer, defer panic on|off: what top halves that wanted adaptive mutexes have got.
bool show_deferrals(MayBlock const& context, Words const& words);
// trace, trace on|off, trace clear: the last events of every CPU, in a traced kernel.
bool show_trace(MayBlock const& context, Words const& words);
// Whether the image's command line has this word. The machine that runs us must be an emulator.
[[nodiscard]] bool was_told(const char* word);
bool panic_on_purpose(MayBlock const& context, Words const& words);
bool reboot(MayBlock const& context, Words const& words);
bool halt(MayBlock const& context, Words const& words);

}  // namespace pivot
