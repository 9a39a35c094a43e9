// PL011 UART: registers and polled output.
//
// Who: both. Lock order: none; the driver's lock orders register accesses.
// Source: Arm DDI 0183G, 3.3.
#pragma once

#include "arch/contract/cpu.hpp"
#include "kern/base/mmio.hpp"

namespace pivot {

struct Pl011Registers {
    uptr base;

    //                      register        offset
    static constexpr uptr kData = 0x000;   // UARTDR
    static constexpr uptr kFlags = 0x018;  // UARTFR

    static constexpr u32 kTransmitFull = 1u << 5;  // FR.TXFF

    [[nodiscard]] u32 read(uptr reg) const { return mmio::read<u32>(base + reg); }
    void write(uptr reg, u32 value) const { mmio::write<u32>(base + reg, value); }

    void put_polled(char c) const {
        while ((read(kFlags) & kTransmitFull) != 0) {
            cpu_relax();
        }
        write(kData, static_cast<u8>(c));
    }

    void write_polled(const char* text, usize length) const {
        for (usize i = 0; i < length; ++i) {
            if (text[i] == '\n') {
                put_polled('\r');
            }
            put_polled(text[i]);
        }
    }
};

}  // namespace pivot
