// The benchmark image: every row that one CPU allows, printed as records for qemu/report.py.
//
// Time is the physical counter. Under QEMU's -icount with a 1 GHz counter a tick is an instruction;
// on hardware it is what CNTFRQ says. Each row's exact start and end stand in the source beside its
// marks.
#include "kern/main.hpp"
#include "semihosting.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/rows.hpp"

namespace pivot {
namespace {

constinit bench::Samples g_samples{};

bool begins_with(const char* text, const char* word) {
    for (; *word != '\0'; ++text, ++word) {
        if (*text != *word) {
            return false;
        }
    }
    return true;
}

// "samples=N" on the image's command line; kMaxSamples without it.
u32 samples_asked_for() {
    static char line[128];
    constexpr const char* kKey = "samples=";
    constexpr usize kKeyLength = 8;
    if (port::command_line(line, sizeof(line)) == 0) {
        return bench::kMaxSamples;
    }
    for (const char* at = line; *at != '\0'; ++at) {
        if (begins_with(at, kKey)) {
            u32 number = 0;
            for (at += kKeyLength; *at >= '0' && *at <= '9'; ++at) {
                number = number * 10 + static_cast<u32>(*at - '0');
            }
            return number == 0 || number > bench::kMaxSamples ? bench::kMaxSamples : number;
        }
    }
    return bench::kMaxSamples;
}

}  // namespace

void image_main(MayBlock const& context) {
    bench::report_begin();
    bench::Run const run{.samples = samples_asked_for(), .store = g_samples};
    bench::local_rows(context, run);
    bench::interrupt_rows(context, run);
    bench::spl_rows(context, run);
    bench::system_rows(context, run);
    bench::deferred_rows(context, run);
    bench::thread_rows(context, run);
    log("@end");
}

}  // namespace pivot
