#include "tests/bench/samples.hpp"

namespace pivot::bench {

// Shell sort: short, in place, and fast enough for a thousand.
void Samples::sort() {
    for (u32 gap = count_ / 2; gap != 0; gap /= 2) {
        for (u32 i = gap; i < count_; ++i) {
            u32 const value = value_[i];
            u32 j = i;
            for (; j >= gap && value_[j - gap] > value; j -= gap) {
                value_[j] = value_[j - gap];
            }
            value_[j] = value;
        }
    }
}

Spread Samples::spread() {
    sort();
    return {.min = value_[0],
            .median = value_[count_ / 2],
            .p99 = value_[count_ * 99 / 100],
            .max = value_[count_ - 1]};
}

void Samples::report(const char* row, u32 divisor) {
    if (count_ == 0) {
        log("@skip name={} reason=no-sample", row);
        return;
    }
    Spread const of = spread();
    // never flatters
    auto const share = [&](u32 value) { return (value + divisor - 1) / divisor; };
    log("@row name={} min={} median={} p99={} max={} samples={} divisor={}", row, share(of.min),
        share(of.median), share(of.p99), share(of.max), count_, divisor);
}

void Samples::report_point(const char* row, const char* by, u32 x) {
    if (count_ == 0) {
        log("@skip name=curve:{}:{} reason=no-sample", row, by);
        return;
    }
    sort();
    log("@curve name={} by={} x={} value={}", row, by, x, value_[count_ - 1]);
}

}  // namespace pivot::bench
