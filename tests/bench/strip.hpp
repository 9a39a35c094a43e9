// The latencies of one operation, point by point. More points than there is room for: none is kept.
//
// Who: the thread "main". Lock order: none.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::inject {

class Strip {
  public:
    void clear() { count_ = 0; }
    void add(u32 latency) {
        if (count_ < kMost) {
            latency_[count_] = latency;
        }
        ++count_;
    }

    // Records for qemu/inject.py, run-length coded: 27x3,28 is 27, 27, 27, 28.
    void print(const char* operation, const char* level) const;

  private:
    static constexpr u32 kMost = 32768;
    u32 latency_[kMost] = {};
    u32 count_ = 0;
};

// Of the operation that ran last.
extern constinit Strip g_strip;

}  // namespace pivot::inject
