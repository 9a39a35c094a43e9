// A row's samples and what is printed of them (qemu/protocol.py reads it).
#pragma once

#include "kern/base/log.hpp"
#include "tests/trace/kept.hpp"

namespace pivot::bench {

inline constexpr u32 kMaxSamples = 1000;

struct Spread {
    u32 min, median, p99, max;
};

// In a traced kernel: the kept trace of its worst sample, if it is asked for.
void dump_worst_of(const char* row);

class Samples {
  public:
    void clear() {
        count_ = 0;
        if constexpr (kTraced) {
            kept::forget();
        }
    }
    // A sample of which only the length is known: for a trace it ends now, a little late.
    void add(u64 value) {
        u64 const now = kTraced ? counter() : value;
        add_between(now - value, now);
    }
    void add_between(u64 began, u64 ended) {
        if constexpr (kTraced) {
            kept::sample(began, ended);
        }
        if (count_ < kMaxSamples) {
            value_[count_++] = static_cast<u32>(ended - began);
        }
    }
    [[nodiscard]] u32 count() const { return count_; }

    // Of at least one sample.
    [[nodiscard]] Spread spread();

    // One point of a curve: the highest sample, with `x` of what `by` says.
    void report_point(const char* row, const char* by, u32 x);

    // Prints the row. `divisor`: how many of the row's units one sample holds.
    void report(const char* row, u32 divisor = 1);

  private:
    void sort();
    void print_counts(u32 divisor) const;  // of sorted samples

    u32 count_ = 0;
    u32 value_[kMaxSamples] = {};
};

}  // namespace pivot::bench
