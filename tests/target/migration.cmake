# One serial driver three times, on the way from spl to mutexes (docs/migration.md).
set(PIVOT_SERIAL_DRIVERS
  tests/drivers/serial_half.cpp
  tests/drivers/serial_mutex.cpp
  tests/drivers/serial_spl.cpp)

# The same is expected of each; a byte arrives at each instruction of its calls.
pivot_interrupt_test(drivers SOURCES tests/target/drivers.cpp ${PIVOT_SERIAL_DRIVERS})
