#include "arch/board/board.hpp"

#include "arch/contract/upcalls.hpp"

namespace pivot {

constinit const DeviceRange kDeviceRanges[] = {
    {0x0800'0000, 0x0100'0000},  // GIC
    {0x0900'0000, 0x0020'0000},  // UART and its neighbours
    {0, 0},
};

}  // namespace pivot

// At EL3, before the MMU: every line becomes Non-secure group 1, or the kernel below would not get
// it.
extern "C" void pivot_boot_secure_gic() { pivot::Board::Controller::hand_to_non_secure(); }
