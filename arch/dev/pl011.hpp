// PL011 UART: the driver, interrupt driven in both directions, and polled for boot and panic.
//
// Who: as each function says. Lock order: takes none; "locked" below means that the caller holds
// the UART's lock (arch/board/console.cpp: a spin mutex at the line's level), so that this file is
// a plain state machine, which runs as well against a model of the device
// (tests/unit/sim_pl011.hpp).
//
//     top half:     clear the causes, *then* empty the receive FIFO and fill the transmit FIFO
//     bottom half:  pop() bytes; resume() when they had to wait
//     threads:      write() as much as there is room for
//
// Clear first, serve after: both causes are raised by a FIFO *passing* its level. A byte that comes
// after the FIFO was found empty raises the cause anew; cleared after that, it would be forgotten,
// and with it the rest of the session, because a FIFO that is past its level does not pass it
// again.
//
// Every cause that is let through is cleared, the overrun too: nothing but UARTICR takes it back,
// and a level-triggered line with a cause that stays is an interrupt without end
// (PIVOT_BUG=uart_overrun).
//
// When the receive ring is full, the receive interrupts are held off and bytes wait in the FIFO. A
// sender that heeds flow control (a socket, RTS) then waits; one that does not overruns the FIFO,
// which the hardware reports, and we count and hand on. Either way the interrupt load is never
// above what is being consumed.
//
// Where bytes were lost. UARTRIS says that it happened; UARTDR.OE marks the first byte that came
// after. Whichever is seen first is handed on, the other one is then no news:
//
//     FIFO  a b ... p | (lost) | q+OE       the cause is seen while q is in the FIFO: q is marked
//     FIFO  a b ... p | (lost)              ... or not: a mark without a byte, behind p; later
//                                           q+OE  says nothing new
#pragma once

#include "arch/dev/pl011_baud.hpp"
#include "arch/dev/pl011_registers.hpp"
#include "arch/dev/received.hpp"
#include "kern/base/config.hpp"
#include "kern/base/ring.hpp"

namespace pivot {

struct Pl011Counters {
    u32 overruns = 0;  // times that bytes were lost in the hardware
    u32 framing = 0;   // bytes that arrived damaged: no stop bit,
    u32 parity = 0;    // wrong parity,
    u32 breaks = 0;    // or the line held low
    u32 held_off = 0;  // times that the receive ring was full
    u32 unsent = 0;    // bytes given up because the transmitter did not move
};

// What an interrupt turned out to be.
struct Pl011Work {
    bool mine;      // the UART had asked
    bool received;  // the receive ring has something for the bottom half
    bool overrun;   // bytes were lost since the last time
};

struct Pl011Setup {
    u32 clock_hz;
    u32 baud;
    // RTS is taken back when the receive FIFO is half full, whoever has let it get there; and
    // nothing is sent without CTS. Both wires must be there.
    bool flow_control = false;
};

template <Pl011Access Access>
class Pl011 {
  public:
    static constexpr u32 kReceiveRing = 1024;
    static constexpr u32 kTransmitRing = 4096;

    constexpr explicit Pl011(Access access) : access_(access) {}
    Pl011(Pl011 const&) = delete;
    Pl011& operator=(Pl011 const&) = delete;

    // Sets the line up, 8 bits without parity, and lets the interrupts in; does nothing if the
    // clock cannot make that rate. Boot, locked.
    [[nodiscard]] BaudError start(Pl011Setup const& setup) {
        Pl011Divisor const divisor(setup.clock_hz, setup.baud);
        if (divisor.error() != BaudError::none) {
            return divisor.error();
        }
        receive();  // turning the FIFOs on empties them: save what has been typed before
        (void)wait_for_flag_clear(pl011::kBusy);
        access_.write(pl011::kControl, 0);
        access_.write(pl011::kDivisor, divisor.whole());
        access_.write(pl011::kFraction, divisor.fraction());
        access_.write(pl011::kLineControl, pl011::kEightBits | pl011::kFifosOn);
        access_.write(pl011::kFifoLevels, pl011::kTransmitEighth | pl011::kReceiveHalf);
        u32 const flow = setup.flow_control ? pl011::kRtsByFifo | pl011::kSendOnCts : 0;
        access_.write(pl011::kControl,
                      pl011::kUartOn | pl011::kTransmitOn | pl011::kReceiveOn | flow);
        access_.write(pl011::kClear, pl011::kAllInterrupts);
        receive();  // after the clear, as in the top half
        access_.write(pl011::kMask, enabled_);
        return BaudError::none;
    }

    // The top half. Locked.
    Pl011Work interrupt() {
        u32 const causes = access_.read(pl011::kMaskedStatus);
        if (causes == 0) {
            return {.mine = false, .received = false, .overrun = false};
        }
        access_.write(pl011::kClear, kBugUartOverrun ? causes & ~pl011::kOverrun : causes);
        bool const overrun = (causes & pl011::kOverrun) != 0;
        if (overrun) {
            ++counters_.overruns;
            lost_ = !marked_early_;
            marked_early_ = false;
        }
        if ((causes & ~pl011::kTransmit) != 0) {
            receive();
        }
        if ((causes & pl011::kTransmit) != 0) {
            refill();
        }
        (void)access_.read(pl011::kMaskedStatus);  // answered: the stores before it have arrived
        return {.mine = true, .received = !received_.empty(), .overrun = overrun};
    }

    // The next byte received, or the next event. The bottom half; no lock.
    [[nodiscard]] bool pop(Received& next) { return received_.pop(next); }

    // Whether bytes wait in the hardware because the ring was full. The bottom half; no lock.
    [[nodiscard]] bool is_held_off() const { return atomic::load_relaxed(&held_off_); }

    // Goes on receiving once there is room. Locked.
    void resume() { receive(); }

    // Takes as much of the text as there is room for ("\n" as "\r\n") and returns how much that
    // was. Also moves on what the device has room for, so that calling it again and again gets
    // there without interrupts. Locked.
    [[nodiscard]] usize write(const char* text, usize length) {
        usize taken = 0;
        while (taken < length && to_send_.room() >= 2) {
            if (text[taken] == '\n') {
                (void)to_send_.push('\r');
            }
            (void)to_send_.push(static_cast<u8>(text[taken]));
            ++taken;
        }
        refill();
        return taken;
    }

    // Sends all that waits to be sent, and the text after it, without interrupts. Boot and panic:
    // takes no notice of who holds the lock.
    void write_polled(const char* text, usize length) {
        u8 byte;
        while (to_send_.pop(byte)) {
            put_polled(byte);
        }
        for (usize i = 0; i < length; ++i) {
            if (text[i] == '\n') {
                put_polled('\r');
            }
            put_polled(static_cast<u8>(text[i]));
        }
    }

    // Whether everything has left. Moves on what the device has room for. Locked.
    [[nodiscard]] bool flushed() {
        refill();
        return to_send_.empty() && (access_.read(pl011::kFlags) & pl011::kBusy) == 0;
    }

    // Writes all of the text, waiting for room if it must; gives up, and counts, what a stuck
    // transmitter does not take. `locked` calls a function with the lock held. It is called for
    // each step, so that the lock is free between two; with the line let in, top halves then help
    // along.
    template <typename Locked>
    void write_all(const char* text, usize length, Locked&& locked) {
        for (u32 polls = 0; length != 0; ++polls) {
            usize const taken = locked([&] { return write_or_give_up(text, length, polls); });
            if (taken != 0) {
                text += taken;
                length -= taken;
                polls = 0;
            } else {
                access_.relax();
            }
        }
    }

    // Returns when everything has left, or when the transmitter is stuck. `locked` as above.
    template <typename Locked>
    void flush_all(Locked&& locked) {
        for (u32 polls = 0; !locked([&] { return flushed() || is_stuck(polls); }); ++polls) {
            access_.relax();
        }
    }

    [[nodiscard]] Pl011Counters const& counters() const { return counters_; }

  private:
    static constexpr u32 kReceiveCauses = pl011::kReceive | pl011::kTimeout;
    static constexpr u32 kErrorCauses =
        pl011::kOverrun | pl011::kFraming | pl011::kParity | pl011::kBreak;
    // Far above the time of a byte at the slowest rate; hardware that takes longer is not there.
    static constexpr u32 kPatience = 1'000'000;

    // Empties the receive FIFO into the ring, or as much of it as fits.
    void receive() {
        while ((access_.read(pl011::kFlags) & pl011::kReceiveEmpty) == 0) {
            if (received_.room() == 0) {
                hold_off();
                return;
            }
            u32 const data = access_.read(pl011::kData);
            u32 const events = mark_of(data) | damage_of(data);
            (void)received_.push({static_cast<u8>(data), static_cast<u8>(events)});
        }
        mark_loss_at_end();
        atomic::store_relaxed(&held_off_, false);
        enable(enabled_ | kReceiveCauses);
    }

    [[nodiscard]] usize write_or_give_up(const char* text, usize length, u32 polls) {
        usize const taken = write(text, length);
        if (taken != 0 || !is_stuck(polls)) {
            return taken;
        }
        counters_.unsent += static_cast<u32>(length);
        return length;
    }

    // Whether a loop that has waited in vain `polls` times should give up. Having done so once, all
    // do at once, until the transmitter moves again: a panic's text must not take minutes to be
    // lost.
    [[nodiscard]] bool is_stuck(u32 polls) {
        if (polls < patience_) {
            return false;
        }
        patience_ = 0;
        return true;
    }

    void hold_off() {
        if (!held_off_) {
            ++counters_.held_off;
        }
        atomic::store_relaxed(&held_off_, true);
        enable(enabled_ & ~kReceiveCauses);
    }

    // Whether this byte is the first after a loss that nobody has been told of.
    [[nodiscard]] u32 mark_of(u32 data) {
        if ((data & pl011::kOverrunError) == 0) {
            return 0;
        }
        if (marked_at_end_) {
            marked_at_end_ = false;
            return 0;
        }
        marked_early_ = !lost_;  // before the top half has seen the cause: it is no news then
        lost_ = false;
        return Received::kLostBefore;
    }

    // The FIFO is empty, and the byte that would carry the mark has not come.
    void mark_loss_at_end() {
        if (lost_ && received_.push({0, Received::kLostBefore | Received::kNoByte})) {
            lost_ = false;
            marked_at_end_ = true;
        }
    }

    // Counts it, too. A break is reported as a framing error as well (3.3.1), and is neither of the
    // others.
    [[nodiscard]] u32 damage_of(u32 data) {
        if ((data & pl011::kDamaged) == 0) {
            return 0;
        }
        if ((data & pl011::kBreakError) != 0) {
            ++counters_.breaks;
            return Received::kBreak;
        }
        if ((data & pl011::kFramingError) != 0) {
            ++counters_.framing;
            return Received::kFraming;
        }
        ++counters_.parity;
        return Received::kParity;
    }

    // Moves at most one FIFO's worth, which bounds the time under the lock. What is left goes when
    // the FIFO has fallen to an eighth: having written more than that, we know that it will pass
    // the level.
    void refill() {
        u8 byte;
        for (u32 n = 0; n < pl011::kFifoDepth; ++n) {
            if ((access_.read(pl011::kFlags) & pl011::kTransmitFull) != 0 || !to_send_.pop(byte)) {
                break;
            }
            access_.write(pl011::kData, byte);
            patience_ = kPatience;
        }
        enable(to_send_.empty() ? enabled_ & ~pl011::kTransmit : enabled_ | pl011::kTransmit);
    }

    void enable(u32 causes) {
        if (causes != enabled_) {
            enabled_ = causes;
            access_.write(pl011::kMask, causes);
        }
    }

    void put_polled(u8 byte) {
        if (wait_for_flag_clear(pl011::kTransmitFull)) {
            access_.write(pl011::kData, byte);
            patience_ = kPatience;
        } else {
            ++counters_.unsent;
        }
    }

    [[nodiscard]] bool wait_for_flag_clear(u32 flag) {
        for (u32 polls = 0; (access_.read(pl011::kFlags) & flag) != 0; ++polls) {
            if (is_stuck(polls)) {
                return false;
            }
            access_.relax();
        }
        return true;
    }

    Access access_;
    Ring<Received, kReceiveRing> received_;  // the top half produces, the bottom half consumes
    ByteRing<kTransmitRing> to_send_;        // both ends under the lock
    u32 enabled_ = kReceiveCauses | kErrorCauses;
    u32 patience_ = kPatience;
    bool held_off_ = false;
    bool lost_ = false;           // a loss is to be marked
    bool marked_early_ = false;   // by its byte, before its cause was seen
    bool marked_at_end_ = false;  // without a byte: the mark of the byte to come is no news
    Pl011Counters counters_;
};

}  // namespace pivot
