#include "tests/bench/strip.hpp"

#include "kern/base/log.hpp"

namespace pivot::inject {
namespace {

constexpr u32 kRunsInRecord = 64;

}  // namespace

constinit Strip g_strip{};

void Strip::print(const char* operation, const char* level) const {
    if (count_ > kMost) {
        return;
    }
    u32 runs = 0;
    for (u32 at = 0; at < count_;) {
        u32 same = 1;
        while (at + same < count_ && latency_[at + same] == latency_[at]) {
            ++same;
        }
        if (runs % kRunsInRecord == 0) {
            pivot::print("{}@strip op={} level={} first={} values=", runs == 0 ? "" : "\n",
                         operation, level, at);
        } else {
            pivot::print(",");
        }
        pivot::print("{}", latency_[at]);
        if (same > 1) {
            pivot::print("x{}", same);
        }
        at += same;
        ++runs;
    }
    pivot::print("{}", runs == 0 ? "" : "\n");
}

}  // namespace pivot::inject
