// The port that everybody argues about: a modelled UART, its driver's state, and who reads it.
//
// Who: as each field says. Lock order: `lock`, an adaptive mutex, before everything.
#pragma once

#include "arch/board/board.hpp"
#include "arch/dev/generic_timer.hpp"
#include "intr/continuation.hpp"
#include "kern/base/ring.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/bench/modelled_uart.hpp"

namespace pivot::bench {

// The physical timer as the modelled device's clock and line.
struct ArgueTime {
    static u64 now() { return PhysicalTimer::now(); }
    static u64 hz() { return counter_hz(); }
    static void line_at(u64 deadline) { PhysicalTimer::arm(deadline); }
    static void line_never() { PhysicalTimer::quiet(); }
};
using ArgueUart = ModelledUart<ArgueTime>;

// What the driver's lock guards: where a byte ends up. It knows which byte should come next, so it
// sees by itself how many are missing.
struct Discipline {
    static constexpr u32 kLine = 256;

    u32 received = 0;
    u32 missed = 0;
    u32 lines = 0;
    u32 length = 0;
    u8 expected = 0;
    u8 line[kLine] = {};

    void accept(u8 byte) {
        missed += static_cast<u8>(byte - expected);
        expected = static_cast<u8>(byte + 1);
        ++received;
        line[length++ % kLine] = byte;
        if (byte == '\n') {
            ++lines;
            length = 0;
        }
    }
};

struct ArguePort {
    static constexpr u32 kRing = 1024;

    ArgueUart device;             // of whoever serves the line
    ByteRing<kRing> ring;         // from there to the continuation, where a model has both
    u32 ring_full = 0;            // bytes that it did not take
    AdaptiveMutex lock{"argue"};  // the driver's lock: guards `discipline`
    Discipline discipline;        // under `lock`
    volatile u64 served_at = 0;   // the device's status register was first read
    volatile u64 handed_at = 0;   // the discipline has what was read then; 0 since forget_times
    u64 asserted_at = 0;          // of the interrupt that is served

    // A status register read is what "served" means: the device's first answer.
    [[nodiscard]] u32 look() {
        u64 const asserted = device.asserted_at();
        asm volatile("mark_argue_served.%=:" ::: "memory");
        u32 const level = device.level();
        asserted_at = asserted;
        served_at = device.looked_at();
        return level;
    }
    void forget_times() { served_at = handed_at = 0; }
};

inline constinit ArguePort argue_port{};

// Executes so many instructions (an even number, 4 at least) that touch nothing. The mark lets
// qemu/argue.py leave them out where it counts what an interrupt costs.
inline void compute(u32 instructions) {
    u64 left = instructions / 2;
    asm volatile("mark_argue_compute.%=: subs %0, %0, #1\n b.ne mark_argue_compute.%="
                 : "+r"(left)::"cc");
}

}  // namespace pivot::bench
