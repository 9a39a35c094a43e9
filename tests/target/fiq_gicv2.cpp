#include "tests/target/fiq.hpp"

#include "arch/board/board.hpp"
#include "arch/dev/gic.hpp"

namespace pivot::test {

// QEMU's GICv2 has all lines in group 0 and signals them as IRQ until told otherwise.
void signal_as_fiq(u32 line) {
    constexpr u32 kFiqEn = 1u << 3;  // GICC_CTLR.FIQEn
    uptr const distributor = port::Cpu::device_address(0x0800'0000);
    uptr const interface = this_cpu().controller;
    mmio::write<u32>(interface, mmio::read<u32>(interface) | kFiqEn);
    Board::Controller::route(line, this_cpu());
    GicBank::set_bit(distributor, GicBank::kIsenabler, line);
    GicBank::set_bit(distributor, GicBank::kIspendr, line);
}

}  // namespace pivot::test
