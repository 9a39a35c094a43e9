// The mistakes of somebody who converts a driver, one a driver: the checker must find each of them
// (tests/target/drivers_convicted.cpp). Everything else of the driver is as it was.
//
// Who: as SerialDriver says. Lock order: none of its own.
//
//     forgets   the first driver; flush leaves out spltty
//     declared  the first driver; its line says that it is converted, and nothing has been
//     mixed     the second one; flush takes from the ring at spltty, not under the mutex
#pragma once

#include "tests/drivers/serial.hpp"

namespace pivot::drivers {

extern SerialDriver const kMistakenForgets;
extern SerialDriver const kMistakenDeclared;
extern SerialDriver const kMistakenMixed;

}  // namespace pivot::drivers
