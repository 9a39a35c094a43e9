// A receiver that exists only as arithmetic: byte i has arrived when the counter says so.
//
// Who: start: a thread, while nobody serves it. The others: one at a time, whoever serves the
// device. Lock order: none.
//
// Bytes arrive without a pause, the i-th (from 0) at begin + (i + 1) byte times of ten bits each.
// What the FIFO holds follows from the counter: between two accesses nothing is read, so the bytes
// of that time fill what room there is and the others are lost, as a PL011 loses them (DDI 0183,
// UARTRSR.OE: what a full FIFO holds stays, the newcomer does not). The loss is exact, whatever the
// CPU did meanwhile, and no host is involved: two runs are the same to the byte.
//
// The line is a timer's, level-triggered: its compare value is the time when the FIFO reaches the
// trigger level (half of the depth), or, if what is left of the stream does not reach it, 32 bit
// times after the last byte (the receive timeout). `settle_line` sets it; until then the line stays
// asserted, as a real one does while somebody reads the FIFO down.
//
// The model's arithmetic is executed by the CPU that reads the device: that is about eight
// instructions a status register and twenty a settle_line where a real device costs one load and
// nothing. It is the same code for every model that is compared.
#pragma once

#include "kern/base/types.hpp"

namespace pivot::bench {

struct Stream {
    u32 baud;
    u32 depth;  // of the FIFO; 1 is a holding register
    u32 bytes;
    [[nodiscard]] constexpr u32 trigger() const { return depth == 1 ? 1 : depth / 2; }
};

inline constexpr u32 kBitsPerByte = 10;  // start, eight, stop
inline constexpr u32 kDeepestFifo = 32;

// `Time`: now(), hz(), line_at(ticks): asserted from then on, line_never().
template <typename Time>
class ModelledUart {
  public:
    // Nothing has arrived at `begin`, the first byte a byte time later.
    void start(Stream const& stream, u64 begin) {
        period_ = ((u64{kBitsPerByte} * Time::hz()) << kFraction) / stream.baud;
        begin_ = begin;
        bytes_ = stream.bytes;
        depth_ = stream.depth;
        trigger_ = stream.trigger();
        arrived_ = head_ = count_ = lost_ = 0;
        due_ = arrival(0);
        settle_line();
    }

    // The status register: how many bytes the FIFO holds.
    [[nodiscard]] u32 level() {
        looked_ = Time::now();
        if (looked_ >= due_) {
            take_in(looked_);
        }
        return count_;
    }

    // The data register, of a FIFO that is not empty.
    [[nodiscard]] u8 read() {
        --count_;
        return fifo_[head_++ % kDeepestFifo];
    }

    // The line follows the FIFO again.
    void settle_line() {
        u32 const left = bytes_ - arrived_;
        if (count_ + left >= trigger_) {
            // Asserted already if the FIFO is above the level now.
            asserts_ = count_ >= trigger_ ? looked_ : arrival(arrived_ + trigger_ - count_ - 1);
        } else if (count_ + left != 0) {
            asserts_ = arrival(bytes_ - 1) + (period_ * 16 / 5 >> kFraction);
        } else {
            Time::line_never();
            return;
        }
        Time::line_at(asserts_);
    }

    // When the device was last looked at, and when its line was or will be asserted.
    [[nodiscard]] u64 looked_at() const { return looked_; }
    [[nodiscard]] u64 asserted_at() const { return asserts_; }
    [[nodiscard]] u32 lost() const { return lost_; }
    [[nodiscard]] u32 sent() const { return bytes_; }
    // When the last byte arrives.
    [[nodiscard]] u64 end() const { return arrival(bytes_ - 1); }

  private:
    static constexpr u32 kFraction = 24;  // bits of a tick in which the byte time is kept

    [[nodiscard]] u64 arrival(u32 byte) const {
        return begin_ + (u64{byte + 1} * period_ >> kFraction);
    }

    [[gnu::noinline]] void take_in(u64 now) {
        // The last byte whose time is not after `now`: one division, however many were missed.
        u64 const by_now = (((now - begin_ + 1) << kFraction) - 1) / period_;
        u32 const arrived = by_now < bytes_ ? static_cast<u32>(by_now) : bytes_;
        u32 const newcomers = arrived - arrived_;
        u32 const room = depth_ - count_;
        u32 const kept = newcomers < room ? newcomers : room;
        for (u32 i = 0; i < kept; ++i) {
            fifo_[(head_ + count_ + i) % kDeepestFifo] = static_cast<u8>(arrived_ + i);
        }
        count_ += kept;
        lost_ += newcomers - kept;
        arrived_ = arrived;
        due_ = arrived == bytes_ ? ~u64{0} : arrival(arrived);
    }

    u64 due_ = ~u64{0};  // when the next byte arrives
    u64 looked_ = 0;
    u32 count_ = 0;
    u32 head_ = 0;
    u64 begin_ = 0;
    u64 period_ = 1;  // a byte time
    u64 asserts_ = 0;
    u32 arrived_ = 0;
    u32 bytes_ = 0;
    u32 depth_ = 1;
    u32 trigger_ = 1;
    u32 lost_ = 0;
    u8 fifo_[kDeepestFifo] = {};
};

}  // namespace pivot::bench
