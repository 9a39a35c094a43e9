// defer: what has come of lock_or_defer, by line; and whether a deferral is a panic.
#include "intr/deferral.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/commands.hpp"

namespace pivot {
namespace {

bool has_wanted_a_mutex(LineInfo const& info) {
    return (info.locks_taken | info.locks_spun | info.locks_deferred) != 0;
}

void print_table() {
    log("{-6}{-12}{10} {10} {10}", "line", "name", "taken", "spun for", "deferred");
    for (u32 i = 0; i < kLineTableSize; ++i) {
        LineInfo const& info = line_info(i);
        if (info.name != nullptr && has_wanted_a_mutex(info)) {
            log("{-6}{-12}{10} {10} {10}", i, info.name, info.locks_taken, info.locks_spun,
                info.locks_deferred);
        }
    }
    log("a deferral is {}", Deferral::panics_on_defer() ? "a panic" : "counted");
}

}  // namespace

bool show_deferrals(MayBlock const&, Words const& words) {
    bool const on = words.is(2, "on");
    if (words.count() == 1) {
        print_table();
    } else if (words.count() == 3 && words.is(1, "panic") && (on || words.is(2, "off"))) {
        Deferral::panic_on_defer(on);
    } else {
        return false;
    }
    return true;
}

}  // namespace pivot
