// Which of the benchmark's rows is traced: "worst NAME" on the image's command line.
#include "tests/bench/samples.hpp"
#include "tests/target/command.hpp"
#include "tests/trace/kept.hpp"

namespace pivot::bench {

void dump_worst_of(const char* row) {
    test::CommandLine const words;
    if (test::same(words.word(1), "worst") && test::same(words.word(2), row)) {
        EventTrace::record(false);
        (void)kept::dump();
        EventTrace::record(true);
    }
}

}  // namespace pivot::bench
