// A UART that is a model, with its wire in the test's hand: registers as the PL011's, a FIFO each
// way, and a level line.
//
// Who: read, write: the driver, in any context. receive, transmit, pause: whoever plays the wire,
// in any context, on any CPU. Lock order: none; see below.
//
// Arm DDI 0183G: the receive cause is raised when the FIFO reaches half (3.3.9), the timeout when
// something is in it and nothing has come for 32 bit times, the transmit cause when the FIFO falls
// to an eighth (2.4.4: on the way down, so one who has never sent anything gets none). What a full
// FIFO is sent is lost and raises the overrun.
//
// A real device takes one access at a time, and no access is held up by what a kernel does. So the
// model has a lock word of its own, which no checker knows, and masks interrupts for the few
// instructions of an access. It is no substitute for a driver's lock: two accesses that belong
// together are still two.
//
// The line follows the masked causes: each access that leaves one raised asks for the line again,
// and one that leaves none takes the request back. A driver that returns from its top half with a
// cause raised is therefore called again at once, as it would be by a real level line.
#pragma once

#include "arch/dev/pl011_registers.hpp"
#include "kern/base/atomic.hpp"
#include "spl/spl.hpp"

namespace pivot::drivers {

// `Line`: set(asserted), called with interrupts masked.
template <typename Line>
class WiredUart {
  public:
    static constexpr u32 kDepth = pl011::kFifoDepth;
    static constexpr u32 kReceiveLevel = kDepth / 2;
    static constexpr u32 kTransmitLevel = kDepth / 8;

    constexpr explicit WiredUart(Line line) : line_(line) {}
    WiredUart(WiredUart const&) = delete;
    WiredUart& operator=(WiredUart const&) = delete;

    // -- the driver's side: one access each

    [[nodiscard]] u32 read(uptr offset) {
        Access const access(*this);
        switch (offset) {
            case pl011::kData:
                return take_received();
            case pl011::kFlags:
                return (received_.count == 0 ? pl011::kReceiveEmpty : 0) |
                       (sent_.count == kDepth ? pl011::kTransmitFull : 0);
            case pl011::kMask:
                return mask_;
            case pl011::kRawStatus:
                return raw_;
            case pl011::kMaskedStatus:
                return raw_ & mask_;
            default:
                return 0;
        }
    }
    void write(uptr offset, u32 value) {
        Access const access(*this);
        if (offset == pl011::kData && sent_.count != kDepth) {
            sent_.put(static_cast<u8>(value));
            raw_ &= sent_.count > kTransmitLevel ? ~pl011::kTransmit : ~u32{0};
        } else if (offset == pl011::kMask) {
            mask_ = value;
        } else if (offset == pl011::kClear) {
            raw_ &= ~value;
        }
    }

    // -- the wire's side

    // A byte arrives. False: the FIFO was full, and it is lost.
    bool receive(u8 byte) {
        Access const access(*this);
        if (received_.count == kDepth) {
            raw_ |= pl011::kOverrun;
            return false;
        }
        received_.put(byte);
        raw_ |= received_.count == kReceiveLevel ? pl011::kReceive : 0;
        return true;
    }
    // The wire is free for a byte. False: there is none to send.
    [[nodiscard]] bool transmit(u8& byte) {
        Access const access(*this);
        if (sent_.count == 0) {
            return false;
        }
        byte = sent_.take();
        raw_ |= sent_.count == kTransmitLevel ? pl011::kTransmit : 0;
        return true;
    }
    // Nothing has come for 32 bit times.
    void pause() {
        Access const access(*this);
        raw_ |= received_.count != 0 ? pl011::kTimeout : 0;
    }

    // As of now.
    [[nodiscard]] u32 received() const { return atomic::load_relaxed(&received_.count); }

  private:
    struct Fifo {
        u32 first = 0;
        u32 count = 0;
        u8 byte[kDepth] = {};
        void put(u8 value) { byte[(first + count++) % kDepth] = value; }
        u8 take() {
            --count;
            return byte[first++ % kDepth];
        }
    };

    class Access {
      public:
        explicit Access(WiredUart& uart) : uart_(uart) {
            interrupts_disable();
            while (atomic::exchange(&uart_.busy_, u64{1}) != 0) {
                cpu_relax();
            }
        }
        Access(Access const&) = delete;
        Access& operator=(Access const&) = delete;
        ~Access() {
            uart_.follow();
            atomic::store_release(&uart_.busy_, u64{0});
            interrupts_enable();
        }

      private:
        WiredUart& uart_;
    };

    u32 take_received() {
        if (received_.count == 0) {
            return 0;
        }
        u8 const byte = received_.take();
        raw_ &= received_.count < kReceiveLevel ? ~pl011::kReceive : ~u32{0};
        raw_ &= received_.count == 0 ? ~pl011::kTimeout : ~u32{0};
        return byte;
    }
    void follow() {
        bool const asserts = (raw_ & mask_) != 0;
        if (asserts || asserted_) {
            line_.set(asserts);
        }
        asserted_ = asserts;
    }

    u64 busy_ = 0;
    u32 raw_ = 0;
    u32 mask_ = 0;
    bool asserted_ = false;
    Fifo received_{};
    Fifo sent_{};
    Line line_;
};

}  // namespace pivot::drivers
