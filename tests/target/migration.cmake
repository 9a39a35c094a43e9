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
    ARGS --smp 4 --multi --arg drivers --arg short --expect "^passed: drivers_smp")
  pivot_target_test(t_drivers_smp_${flavour}_long IMAGE t_drivers_smp_${flavour}.elf
    ARGS --smp 4 --multi --full-only --expect "^passed: drivers_smp")
endforeach()
pivot_target_test(t_drivers_smp_exact IMAGE t_drivers_smp_checked.elf EXACT
  ARGS --smp 4 --arg drivers --arg short --expect "^passed: drivers_smp")
# Exact: the CPUs take turns at every pause, so that somebody is in the way on any host.
pivot_target_test(t_drivers_smp_forget IMAGE t_drivers_smp_release.elf EXACT
  ARGS --smp 4 --arg drivers --arg forget --expect "convicts a driver that forgets")

# What they cost, side by side (docs/migration.md has the table).
pivot_image(t_driver_costs FLAVOUR release
  SOURCES tests/target/driver_costs.cpp tests/bench/samples.cpp ${PIVOT_SERIAL_DRIVERS})
pivot_target_test(t_driver_costs IMAGE t_driver_costs.elf EXACT ARGS --smp 1
  --expect "^ *mutex +[0-9]+" --expect "^passed: driver_costs")

# The mistakes of a conversion, one a run: the guard checker convicts, with both places, and no race
# has happened (docs/migration.md shows what it says). And the drivers without them: nothing.
pivot_image(t_drivers_convicted FLAVOUR checked
  SOURCES tests/target/drivers_convicted.cpp
    tests/drivers/mistaken_half.cpp tests/drivers/serial_mutex.cpp tests/drivers/mistaken_spl.cpp)
target_compile_options(t_drivers_convicted_objects PRIVATE -fno-optimize-sibling-calls)
foreach(driver spl half mutex)
  pivot_target_test(t_drivers_convicted_${driver} IMAGE t_drivers_convicted.elf EXACT
    ARGS --smp 2 --arg drivers --arg ${driver}
    --expect "0 clashes" --expect "^passed: nothing to convict" --reject "guards:|panic")
endforeach()
function(pivot_convicted_test mistake object)
  set(expectations)
  foreach(text ${ARGN})
    list(APPEND expectations --expect ${text})
  endforeach()
  pivot_target_test(t_drivers_convicted_${mistake} IMAGE t_drivers_convicted.elf EXACT
    ARGS --smp 2 --arg drivers --arg ${mistake} --expect-status 3
    ${expectations} --expect "panic: data is touched with no guard in common \\(${object}\\)")
endfunction()
pivot_convicted_test(forgets "serial-spl softc" "guards: .* in common: under nothing"
  "on CPU [01], under the system-wide SPL, vm" "::flush_without_spl\\+")
pivot_convicted_test(declared "serial-spl softc" "by a top half at vm \\(line [0-9]+\\) on CPU 1"
  "under its own SPL, vm, at" "::top_half\\+" "under the system-wide SPL, vm")
pivot_convicted_test(mixed "serial-half rx"
  "guards: .* in common: two locks that know nothing of each other"
  "under spin lock 'serial device' and" "on CPU 0, under the system-wide SPL, vm"
  "::flush_at_spl\\+")
