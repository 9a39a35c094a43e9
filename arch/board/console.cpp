#include "arch/board/console.hpp"

#include "arch/board/board.hpp"
#include "arch/dev/pl011.hpp"
#include "kern/base/log.hpp"

namespace pivot {

void start_polled_console() {
    set_console([](const char* text, usize length) {
        Pl011Registers const uart{port::Cpu::device_address(Board::kUart)};
        uart.write_polled(text, length);
    });
}

}  // namespace pivot
