// The benchmark image: every row that one CPU allows, printed as records for qemu/report.py.
//
// Time is the physical counter. Under QEMU's -icount with a 1 GHz counter a tick is an instruction; on
// hardware it is what CNTFRQ says. Each row's exact start and end stand in the source beside its marks.
#include "tests/bench/rows.hpp"

#include "arch/board/board.hpp"
#include "kern/main.hpp"

namespace pivot {
namespace {

constinit bench::Samples g_samples{};

}  // namespace

void image_main(MayBlock const& context) {
    log("@bench board={} unit={} clock_hz={}", Board::kName,
        counter_hz() == 1'000'000'000 ? "instructions" : "ticks", counter_hz());
    bench::Run const run{.samples = bench::kMaxSamples, .store = g_samples};
    bench::local_rows(context, run);
    bench::interrupt_rows(context, run);
    bench::deferred_rows(context, run);
    bench::thread_rows(context, run);
    log("@end");
}

}  // namespace pivot
