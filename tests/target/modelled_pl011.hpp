// A PL011 that is a model: bytes arrive by the counter, the line is the physical timer's.
//
// Who: tests on the target, one CPU. Lock order: none; the driver's lock orders the accesses.
//
// QEMU's own UART holds its sender back instead of losing anything. Here byte i arrives when the
// counter reaches T0 + (i + 1) byte times, whoever is ready for it, and is lost if the FIFO is full
// then (Arm DDI 0183G, 2.4.2, 3.3.1). Nothing runs between two accesses: each first lets arrive
// what is due by now, and then arms the timer for the moment at which the UART would next assert
// its line. So the line is asserted at the very tick, and in exact mode two runs lose the same
// bytes.
#pragma once

#include "arch/dev/generic_timer.hpp"
#include "arch/dev/pl011_registers.hpp"
#include "tests/target/check.hpp"

namespace pivot::test {

class ModelledPl011 {
  public:
    static constexpr u32 kDepth = 16;
    static constexpr u32 kLevel = 8;

    // From now on `count` bytes come, one each `byte_ticks`: 0, 1, 2, ...
    void send(u64 byte_ticks, u32 count) {
        byte_ticks_ = byte_ticks;
        left_ = count;
        next_ = 0;
        due_ = PhysicalTimer::now() + byte_ticks;
        arm();
    }
    [[nodiscard]] u64 lost() const { return lost_; }
    // Only looks: what is due arrives when the driver next looks.
    [[nodiscard]] bool is_over() const {
        return atomic::load_relaxed(&left_) == 0 && atomic::load_relaxed(&size_) == 0;
    }

    [[nodiscard]] u32 read(uptr offset) {
        sync();
        u32 value = 0;
        if (offset == pl011::kData) {
            value = take();
        } else if (offset == pl011::kFlags) {
            value = size_ == 0 ? pl011::kReceiveEmpty : 0;
        } else if (offset == pl011::kMaskedStatus) {
            value = raw_ & mask_;
        }
        arm();
        return value;
    }
    void write(uptr offset, u32 value) {
        sync();
        if (offset == pl011::kClear) {
            raw_ &= ~value;
        } else if (offset == pl011::kMask) {
            mask_ = value;
        }
        arm();
    }

  private:
    // 32 bit times without a byte; one has ten bits.
    [[nodiscard]] u64 pause() const { return byte_ticks_ * 32 / 10; }

    void sync() {
        u64 const now = PhysicalTimer::now();
        for (; left_ != 0 && due_ <= now; due_ += byte_ticks_) {
            arrive(due_);
        }
        if (size_ != 0 && now - last_ >= pause()) {
            raw_ |= pl011::kTimeout;
        }
    }
    void arrive(u64 when) {
        --left_;
        u8 const byte = next_++;
        if (size_ == kDepth) {
            ++lost_;
            overrun_ = true;
            raw_ |= pl011::kOverrun;
            return;
        }
        fifo_[(first_ + size_) % kDepth] = byte | (overrun_ ? pl011::kOverrunError : 0);
        overrun_ = false;
        last_ = when;
        if (++size_ == kLevel) {
            raw_ |= pl011::kReceive;
        }
    }
    u32 take() {
        if (size_ == 0) {
            return 0;
        }
        u32 const data = fifo_[first_];
        first_ = (first_ + 1) % kDepth;
        --size_;
        last_ = PhysicalTimer::now();
        raw_ &= size_ < kLevel ? ~pl011::kReceive : ~0u;
        raw_ &= size_ == 0 ? ~pl011::kTimeout : ~0u;
        return data;
    }
    // The timer's line is asserted from the tick on at which the UART's would be.
    void arm() {
        if ((raw_ & mask_) != 0) {
            PhysicalTimer::arm(0);
            return;
        }
        u64 const never = ~u64{0};
        bool const passes =
            (mask_ & pl011::kReceive) != 0 && size_ < kLevel && left_ >= kLevel - size_;
        u64 const level = passes ? due_ + (kLevel - size_ - 1) * byte_ticks_ : never;
        // The last bytes do not reach the level: there is a pause after them.
        u64 const newest = left_ != 0 ? due_ + (left_ - 1) * byte_ticks_ : last_;
        bool const waits = (mask_ & pl011::kTimeout) != 0 && !passes && size_ + left_ != 0;
        u64 const timeout = waits ? newest + pause() : never;
        u64 const full = (mask_ & pl011::kOverrun) != 0 && left_ > kDepth - size_
                             ? due_ + (kDepth - size_) * byte_ticks_
                             : never;
        u64 const first = level < timeout ? level : timeout;
        PhysicalTimer::arm(first < full ? first : full);
    }

    u64 byte_ticks_ = 1;
    u64 due_ = 0;   // when the next byte arrives
    u64 last_ = 0;  // when the FIFO last changed
    u64 lost_ = 0;
    u32 left_ = 0;
    u8 next_ = 0;
    u32 fifo_[kDepth] = {};
    u32 first_ = 0;
    u32 size_ = 0;
    bool overrun_ = false;
    u32 raw_ = 0;
    u32 mask_ = 0;
};

// What the driver is given.
struct ModelledAccess {
    ModelledPl011* uart;

    [[nodiscard]] u32 read(uptr offset) const { return uart->read(offset); }
    void write(uptr offset, u32 value) const { uart->write(offset, value); }
    void relax() const { cpu_relax(); }
};
static_assert(Pl011Access<ModelledAccess>);

}  // namespace pivot::test
