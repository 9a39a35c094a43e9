// What is measured with several CPUs: run once with each number of them. The other CPUs idle, but
// for what the rows between CPUs have them do.
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "tests/bench/report.hpp"
#include "tests/bench/rows.hpp"

namespace pivot {
namespace {

constinit bench::Samples g_samples{};
constexpr u32 kSamples = 200;

}  // namespace

void image_main(MayBlock const& context) {
    bench::report_begin();
    bench::Run const run{.samples = kSamples, .store = g_samples};
    bench::curve_points(context, run, "cpus", cpus_online());
    if (cpus_online() <= 2) {
        bench::cross_cpu_rows(context, run);
    }
    log("@end");
}

}  // namespace pivot
