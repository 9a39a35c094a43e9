// The argument's image: what each model of interrupt handling costs, and what it loses.
//
//     argue latency samples=N        how long the device waits, in each scenario
//     argue loss ms=N [full]         how many bytes of a stream are lost
//
// Time is the physical counter, at a tick a nanosecond; under QEMU's -icount shift=S an instruction
// lasts 2^S of them.
#include "kern/main.hpp"
#include "tests/bench/argue_rows.hpp"
#include "tests/bench/report.hpp"
#include "tests/target/command.hpp"

namespace pivot {
namespace {

// The number behind `key` in one of the words; `otherwise` without one.
u32 number_of(test::CommandLine const& command, const char* key, u32 otherwise) {
    for (u32 i = 0; *command.word(i) != '\0'; ++i) {
        const char* at = command.word(i);
        const char* of = key;
        while (*of != '\0' && *at == *of) {
            ++at;
            ++of;
        }
        if (*of == '\0') {
            u32 number = 0;
            for (; *at >= '0' && *at <= '9'; ++at) {
                number = number * 10 + static_cast<u32>(*at - '0');
            }
            return number;
        }
    }
    return otherwise;
}

}  // namespace

void image_main(MayBlock const& context) {
    test::CommandLine const command;
    bench::report_begin();
    if (command.has("latency")) {
        u32 const samples = number_of(command, "samples=", 200);
        PIVOT_REQUIRE(samples >= 1 && samples <= bench::kMaxSamples, "samples: 1 to 1000");
        bench::argue_latencies(context, samples);
    }
    if (command.has("loss")) {
        bench::argue_losses(context, number_of(command, "ms=", 20), command.has("full"));
    }
    log("@end");
}

}  // namespace pivot
