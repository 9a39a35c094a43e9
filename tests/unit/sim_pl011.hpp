// A model of the PL011 for the driver's tests, after Arm DDI 0183G.
//
// Who: host tests. Lock order: none.
//
// QEMU's model never overruns, sends at once and forgets the levels; this one does what the manual
// says:
//   - FIFOs of 16; RXRIS and TXRIS are set when a FIFO *passes* its level (2.8.2), not while it is
//     past it
//   - RTRIS after a pause with bytes waiting; taken back when the FIFO is empty, or by UARTICR
//   - a byte that finds the FIFO full is lost; OERIS stays until UARTICR, whatever is read (3.3.11,
//     3.3.13), and the next byte that does fit carries UARTDR.OE
//   - with RTSEn, nUARTRTS is taken back while the receive FIFO is at its level or above; with
//     CTSEn, nothing leaves while nUARTCTS is not asserted (2.4.3)
// Time passes only when the test says so: arrive, pause, send.
#pragma once

#include <deque>
#include <string>

#include "arch/dev/pl011_registers.hpp"

namespace pivot::sim {

class SimPl011 {
  public:
    static constexpr usize kDepth = 16;

    // -- the wire

    // A byte comes in; `errors` are bits of UARTDR.
    void arrive(u8 byte, u32 errors = 0) {
        if (receive_.size() == depth()) {
            overrun_ = true;
            raw_ |= pl011::kOverrun;
            return;
        }
        raw_ |= errors >> 1 & (pl011::kFraming | pl011::kParity | pl011::kBreak);
        receive_.push_back(byte | errors | (overrun_ ? pl011::kOverrunError : 0));
        overrun_ = false;
        if (receive_.size() == receive_level()) {
            raw_ |= pl011::kReceive;
        }
    }
    void arrive(std::string const& text) {
        for (char const c : text) {
            arrive(static_cast<u8>(c));
        }
    }
    // Nothing comes for 32 bit times.
    void pause() {
        if (!receive_.empty()) {
            raw_ |= pl011::kTimeout;
        }
    }
    // Whether the other side is asked to send. One that heeds it asks before each byte.
    [[nodiscard]] bool rts() const {
        return (control_ & pl011::kRtsByFifo) != 0 && receive_.size() < receive_level();
    }
    bool cts = true;
    // Time for `bytes` to leave.
    void send(usize bytes) {
        bool const held = stuck || ((control_ & pl011::kSendOnCts) != 0 && !cts);
        for (; bytes != 0 && !transmit_.empty() && !held; --bytes) {
            sent += static_cast<char>(transmit_.front());
            transmit_.pop_front();
            if (transmit_.size() == transmit_level()) {
                raw_ |= pl011::kTransmit;
            }
        }
    }
    // The transmitter is broken: nothing leaves.
    bool stuck = false;
    std::string sent;
    // The FIFO takes whatever comes, as QEMU's does.
    bool bottomless = false;
    [[nodiscard]] usize waiting_to_leave() const { return transmit_.size(); }

    // The driver waits; a byte leaves meanwhile.
    void relax() {
        ++relaxes;
        send(1);
    }
    u64 relaxes = 0;

    // -- the interrupt line (level)
    [[nodiscard]] bool line() const { return (raw_ & mask_) != 0; }
    [[nodiscard]] usize waiting_to_be_read() const { return receive_.size(); }
    [[nodiscard]] u32 mask() const { return mask_; }

    // -- the registers
    [[nodiscard]] u32 read(uptr offset) {
        switch (offset) {
            case pl011::kData:
                return read_data();
            case pl011::kFlags:
                return (transmit_.empty() ? 0 : pl011::kBusy) |
                       (receive_.empty() ? pl011::kReceiveEmpty : 0) |
                       (has_room() ? 0 : pl011::kTransmitFull);
            case pl011::kRawStatus:
                return raw_;
            case pl011::kMaskedStatus:
                return raw_ & mask_;
            default:
                return 0;
        }
    }
    void write(uptr offset, u32 value) {
        switch (offset) {
            case pl011::kData:
                write_data(value);
                break;
            case pl011::kLineControl:
                write_line_control(value);
                break;
            case pl011::kControl:
                control_ = value;
                break;
            case pl011::kFifoLevels:
                levels_ = value;
                break;
            case pl011::kMask:
                mask_ = value;
                break;
            case pl011::kClear:
                raw_ &= ~value;
                break;
            case pl011::kDivisor:
                divisor = value;
                break;
            case pl011::kFraction:
                fraction = value;
                break;
            default:
                break;
        }
    }
    u32 divisor = 0, fraction = 0;

  private:
    [[nodiscard]] usize depth() const {
        return (line_control_ & pl011::kFifosOn) != 0 ? kDepth : 1;
    }
    [[nodiscard]] bool has_room() const { return bottomless || transmit_.size() < depth(); }
    // UARTIFLS: 1/8, 1/4, 1/2, 3/4, 7/8
    [[nodiscard]] static usize level(u32 code) {
        constexpr usize kLevels[8] = {2, 4, 8, 12, 14, 14, 14, 14};
        return kLevels[code & 7];
    }
    [[nodiscard]] usize receive_level() const { return depth() == 1 ? 1 : level(levels_ >> 3); }
    [[nodiscard]] usize transmit_level() const { return depth() == 1 ? 0 : level(levels_); }

    u32 read_data() {
        if (receive_.empty()) {
            return 0;
        }
        u32 const data = receive_.front();
        receive_.pop_front();
        if (receive_.size() < receive_level()) {
            raw_ &= ~pl011::kReceive;
        }
        if (receive_.empty()) {
            raw_ &= ~pl011::kTimeout;
        }
        return data;
    }
    void write_data(u32 value) {
        if (has_room()) {
            transmit_.push_back(static_cast<u8>(value));
        }
        if (transmit_.size() > transmit_level()) {
            raw_ &= ~pl011::kTransmit;
        }
    }
    void write_line_control(u32 value) {
        if (((line_control_ ^ value) & pl011::kFifosOn) != 0) {
            receive_.clear();
            transmit_.clear();
        }
        line_control_ = value;
    }

    std::deque<u32> receive_, transmit_;
    bool overrun_ = false;
    u32 raw_ = 0, mask_ = 0, levels_ = 2 | 2 << 3, line_control_ = 0, control_ = 0;
};

// What the driver is given.
struct SimPl011Access {
    SimPl011* uart;

    [[nodiscard]] u32 read(uptr offset) const { return uart->read(offset); }
    void write(uptr offset, u32 value) const { uart->write(offset, value); }
    void relax() const { uart->relax(); }
};
static_assert(Pl011Access<SimPl011Access>);

}  // namespace pivot::sim
