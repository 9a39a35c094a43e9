# One serial driver three times, on the way from spl to mutexes (docs/migration.md).
set(PIVOT_SERIAL_DRIVERS
  tests/drivers/serial_half.cpp
  tests/drivers/serial_mutex.cpp
  tests/drivers/serial_spl.cpp)

# The same is expected of each; a byte arrives at each instruction of its calls.
pivot_interrupt_test(drivers SOURCES tests/target/drivers.cpp ${PIVOT_SERIAL_DRIVERS})

# All of them together on several CPUs, with counters that they share; and one that forgets its spl.
foreach(flavour release checked)
  pivot_image(t_drivers_smp_${flavour} FLAVOUR ${flavour}
    SOURCES tests/target/drivers_smp.cpp ${PIVOT_SERIAL_DRIVERS})
  pivot_target_test(t_drivers_smp_${flavour} IMAGE t_drivers_smp_${flavour}.elf
    ARGS --smp 4 --multi --expect "^passed: drivers_smp" --timeout 110)
endforeach()
pivot_target_test(t_drivers_smp_exact IMAGE t_drivers_smp_checked.elf EXACT
  ARGS --smp 4 --arg drivers --arg short --expect "^passed: drivers_smp" --timeout 110)
# Exact: the CPUs take turns at every pause, so that somebody is in the way on any host.
pivot_target_test(t_drivers_smp_forget IMAGE t_drivers_smp_release.elf EXACT
  ARGS --smp 4 --arg drivers --arg forget --expect "convicts a driver that forgets" --timeout 110)

# What they cost, side by side (docs/migration.md has the table).
pivot_image(t_driver_costs FLAVOUR release
  SOURCES tests/target/driver_costs.cpp tests/bench/samples.cpp ${PIVOT_SERIAL_DRIVERS})
pivot_target_test(t_driver_costs IMAGE t_driver_costs.elf EXACT ARGS --smp 1
  --expect "^ *mutex +[0-9]+" --expect "^passed: driver_costs")

# The mistakes of a conversion, one a run: the guard checker convicts, with both places, and no race
# has happened (docs/migration.md shows what it says). And the drivers without them: nothing.
pivot_image(t_drivers_convicted FLAVOUR checked
  SOURCES tests/target/drivers_convicted.cpp
    tests/drivers/mistaken_half.cpp tests/drivers/mistaken_mutex.cpp tests/drivers/mistaken_spl.cpp)
target_compile_options(t_drivers_convicted_objects PRIVATE -fno-optimize-sibling-calls)
