// What your own code registers with the image `pivot` and with every image that pivot_add_image
// makes (docs/your-own-driver.md). A record, and nothing in the kernel's tree is touched:
//
//     PIVOT_DRIVER(g_driver) = {"sampler", &attach};                   // attached before the shell
//     PIVOT_COMMAND(g_command) = {"sample", "[on US|off]", "samples", &sample};   // of the shell
//     PIVOT_ROW(g_row) = {"sampler", "tick to top half", &take};       // of `bench`
//     PIVOT_OPERATION(g_operation) = {"average", &average};            // of `inject`
//     PIVOT_PROGRAM(g_program) = {"selftest", &selftest};              // instead of the shell
//
// Who: the functions are called by the thread "main", holding nothing. Lock order: none.
#pragma once

#include "kern/base/registered.hpp"
#include "kern/pivot/operation.hpp"
#include "kern/shell/shell.hpp"

namespace pivot {

// A device's driver, or whatever else is to be set up once. In no order: what depends on another
// belongs into one record with it.
struct Driver {
    const char* name;  // the shell greets with it; "" for one that is nobody's business
    // Called once, before the shell's console is started and any program runs.
    void (*attach)(MayBlock const& context);
};

// A row of a benchmark. Between `open` and `close` samples are taken, each the ticks of the counter
// that it took: under QEMU's exact mode, instructions.
struct Row {
    const char* name;                        // a word
    const char* measures;                    // what it measures, for a table
    u64 (*sample)(MayBlock const& context);  // takes one, in ticks
    // False if it cannot be measured now; the reason has been printed. Null: nothing to prepare.
    bool (*open)(MayBlock const& context) = nullptr;
    void (*close)(MayBlock const& context) = nullptr;
};

// What the image does instead of its shell if its command line has the word. When it comes back the
// machine ends with status 0; PIVOT_CHECK (kern/pivot/check.hpp) ends it with 1, a panic with 3. So
// it can be a test (pivot_add_test). Only an emulated machine has a command line.
struct Program {
    const char* word;                      // the word that chooses it
    void (*run)(MayBlock const& context);  // what it does, in the first thread
};

// Registers a driver. `name` is the record's own, in C++; its initializer follows.
#define PIVOT_DRIVER(name) PIVOT_REGISTER(drivers, ::pivot::Driver, name)
// Registers a command of the shell.
#define PIVOT_COMMAND(name) PIVOT_REGISTER(commands, ::pivot::Command, name)
// Registers a row of the benchmark.
#define PIVOT_ROW(name) PIVOT_REGISTER(rows, ::pivot::Row, name)
// Registers an operation of the injection campaign.
#define PIVOT_OPERATION(name) PIVOT_REGISTER(operations, ::pivot::inject::Operation, name)
// Registers a program.
#define PIVOT_PROGRAM(name) PIVOT_REGISTER(programs, ::pivot::Program, name)

// Where link.ld puts them.
#define PIVOT_REGISTERED(list, Type)                                                 \
    extern "C" Type const pivot_##list##_start[];                                    \
    extern "C" Type const pivot_##list##_end[];                                      \
    [[nodiscard]] constexpr Registered<Type> registered_##list() {                   \
        return {static_cast<Type const*>(pivot_##list##_start), pivot_##list##_end}; \
    }

PIVOT_REGISTERED(drivers, Driver)
PIVOT_REGISTERED(commands, Command)
PIVOT_REGISTERED(rows, Row)
PIVOT_REGISTERED(operations, inject::Operation)
PIVOT_REGISTERED(programs, Program)
#undef PIVOT_REGISTERED

}  // namespace pivot
