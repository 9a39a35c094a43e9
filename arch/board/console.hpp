// The board's console.
// Who: boot and panic. Lock order: none.
#pragma once

namespace pivot {

// Makes print() write to the board's UART by polling. Needs nothing but the MMU.
void start_polled_console();

}  // namespace pivot
