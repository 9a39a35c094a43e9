// The image `pivot`: the kernel with a shell on its console.
#include "arch/board/board.hpp"
#include "arch/board/console.hpp"
#include "arch/contract/cpu.hpp"
#include "intr/deferral.hpp"
#include "kern/base/log.hpp"
#include "kern/main.hpp"
#include "kern/pivot/commands.hpp"
#include "kern/pivot/extend.hpp"
#include "kern/shell/inspect.hpp"
#include "kern/shell/locks.hpp"

namespace pivot {
namespace {

//   name      arguments            what it does                                          by
constexpr Command kCommands[] = {
    {"irq", "[measure N on|off|affinity N CPU]", "interrupts by line", &show_lines},
    {"cpus", "", "which CPUs there are, and what each is at", &show_cpus},
    {"ps", "", "threads", &list_threads},
    {"spl", "", "the interrupt priority level, and what each is for", &show_spl},
    {"timers", "[every MS|stop]", "armed callouts; a beat that notes how late it is", &show_timers},
    {"lockstat", "[on|off|reset]", "what locks have cost, by class", &show_lock_statistics},
    {"defer", "[panic on|off]", "mutexes for top halves; a deferral is a panic", &show_deferrals},
    {"lockorder", "[fatal on|off]", "locks taken under others, and violations", &show_lock_order},
    {"masked", "[reset]", "the longest times that interrupts were held off", &show_masked},
    {"trace", "[on|off|clear]", "the last events of each CPU, in a traced kernel", &show_trace},
    {"panic", "", "panics, to see one", &panic_on_purpose},
    {"reboot", "", "starts the machine anew", &reboot},
    {"halt", "", "ends the machine with status 0", &halt},
};

void echo(const char* text, usize length) { console()(text, length); }

constinit Shell g_shell{&echo, kCommands, registered_commands()};

// Whether the command line has asked for one, which has run.
bool ran_a_program(MayBlock const& context) {
    if (!Board::kIsEmulated) {
        return false;
    }
    for (Program const& program : registered_programs()) {
        if (was_told(program.word)) {
            program.run(context);
            return true;
        }
    }
    return false;
}

// For who wants a program and nothing else (pivot_add_test): no shell that waits for somebody.
[[noreturn]] void name_the_programs() {
    print("No program has a name that is on the command line; there are:");
    for (Program const& program : registered_programs()) {
        print(" {}", program.word);
    }
    print("\n");
    machine_exit(2);
}

void greet() {
    print("Pivot on {}", Board::kName);
    const char* before = " with";
    for (Driver const& driver : registered_drivers()) {
        if (driver.name[0] != '\0') {
            print("{} {}", before, driver.name);
            before = ",";
        }
    }
    log("; 'help' lists the commands");
}

// What arrived damaged is counted (irq), and is no text.
void hear(MayBlock const& context, Received const& next) {
    if (next.is_intact()) {
        g_shell.take(context, next.byte);
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    for (Driver const& driver : registered_drivers()) {
        driver.attach(context);
    }
    if (ran_a_program(context)) {
        return;
    }
    if (Board::kIsEmulated && was_told("program-only")) {
        name_the_programs();
    }
    start_console(context, {.wants = [] { return g_shell.wants(); }, .take = &hear});
    if (Board::kIsEmulated && was_told("panic-on-defer")) {
        Deferral::panic_on_defer(true);
    }
    greet();
    g_shell.run(context, &console_wanted);
}

}  // namespace pivot
