// panic, reboot, halt.
#include "arch/board/console.hpp"
#include "arch/contract/cpu.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/commands.hpp"
#include "psci.hpp"
#include "semihosting.hpp"

namespace pivot {

bool was_told(const char* word) {
    static char text[128];
    if (port::command_line(text, sizeof(text)) == 0) {
        return false;
    }
    Words const words(text);
    for (u32 i = 0; i < words.count(); ++i) {
        if (words.is(i, word)) {
            return true;
        }
    }
    return false;
}

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
