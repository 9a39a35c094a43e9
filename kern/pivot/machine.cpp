// panic, reboot, halt.
#include "arch/board/console.hpp"
#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/commands.hpp"
#include "psci.hpp"

namespace pivot {

bool panic_on_purpose(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    panic("on purpose", "the shell's panic command");
}

bool reboot(MayBlock const& context, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("rebooting");
    flush_console(context);
    port::Psci::system_reset();
    log("not rebooted: nobody answers PSCI calls on this machine");
    return true;
}

bool halt(MayBlock const& context, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("halted");
    flush_console(context);
    machine_exit(0);
}

}  // namespace pivot
