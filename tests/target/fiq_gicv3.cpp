#include "tests/target/fiq.hpp"

#include "arch/board/board.hpp"
#include "arch/dev/gic.hpp"

namespace pivot::test {

void signal_as_fiq(u32 line) {
    uptr const distributor = port::Cpu::device_address(0x0800'0000);
    mmio::write<u32>(distributor + GicBank::kIgroupr + 4 * (line / 32), 0);
    mmio::write<u32>(distributor, mmio::read<u32>(distributor) | 1);  // GICD_CTLR.EnableGrp0
    asm volatile("msr S3_0_C12_C12_6, %0\n isb" ::"r"(u64{1}));       // ICC_IGRPEN0_EL1
    GicBank::set_bit(distributor, GicBank::kIsenabler, line);
    GicBank::set_bit(distributor, GicBank::kIspendr, line);
}

}  // namespace pivot::test
