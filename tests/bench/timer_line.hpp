// The physical timer as a benchmark's device: one line, armed for a moment, handled by a top half.
#pragma once

#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"

namespace pivot::bench {

// The line with `Fn` as its top half for the life of the object.
template <auto Fn, typename T>
class TimerLine {
  public:
    explicit TimerLine(T& device, bool unconverted = false) {
        LineId const timer = Board::kPhysicalTimerLine;
        LineError const error =
            unconverted ? BoardLines::request_unconverted<Fn>(timer, "bench timer", device)
                        : BoardLines::request<Fn>(timer, "bench timer", device);
        PIVOT_REQUIRE(error == LineError::none, "the bench's line cannot be had", text_of(error));
        (void)BoardLines::enable(Board::kPhysicalTimerLine);
    }
    TimerLine(TimerLine const&) = delete;
    TimerLine& operator=(TimerLine const&) = delete;
    ~TimerLine() { (void)BoardLines::release(Board::kPhysicalTimerLine); }
};

// Far enough ahead that arming is over and the thread spins when the time comes.
inline constexpr u64 kAheadNs = 2000;

}  // namespace pivot::bench
