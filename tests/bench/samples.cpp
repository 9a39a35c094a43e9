#include "tests/bench/samples.hpp"

namespace pivot::bench {
namespace {

// One of `divisor` that a sample holds; rounded up, which never flatters.
u32 share_of(u32 value, u32 divisor) { return (value + divisor - 1) / divisor; }

}  // namespace

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

// How often each figure came, as words that a report can make a histogram of: 27x998,28x2
void Samples::print_counts(u32 divisor) const {
    for (u32 i = 0; i < count_;) {
        u32 const value = share_of(value_[i], divisor);
        u32 const first = i;
        while (i < count_ && share_of(value_[i], divisor) == value) {
            ++i;
        }
        print("{}{}x{}", first == 0 ? "" : ",", value, i - first);
    }
    print("\n");
}

void Samples::report(const char* row, u32 divisor) {
    if (count_ == 0) {
        log("@skip name={} reason=no-sample", row);
        return;
    }
    if constexpr (kTraced) {
        dump_worst_of(row);
    }
    Spread const of = spread();
    auto const share = [&](u32 value) { return share_of(value, divisor); };
    print("@row name={} min={} median={} p99={} max={} samples={} divisor={} counts=", row,
          share(of.min), share(of.median), share(of.p99), share(of.max), count_, divisor);
    print_counts(divisor);
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
