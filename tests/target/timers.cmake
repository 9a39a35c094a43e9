# Callouts and the clock.
pivot_interrupt_test(timers SOURCES tests/target/timers.cpp)

# What arming, cancelling and running one costs, by how many are armed: within its bound.
pivot_image(timer_costs FLAVOUR release SOURCES tests/target/timer_costs.cpp)
pivot_target_test(timer_costs_within_bounds IMAGE timer_costs.elf EXACT ARGS --expect "^passed: ")

# Several CPUs, at the same time and, with one instruction after the other, in turns.
pivot_image(t_timers_smp FLAVOUR checked SOURCES tests/target/timers_smp.cpp)
pivot_target_test(t_timers_smp IMAGE t_timers_smp.elf
  ARGS --smp 4 --multi --expect "^4 CPUs: " --expect "^passed: ")
pivot_target_test(t_timers_smp_exact IMAGE t_timers_smp.elf EXACT
  ARGS --smp 4 --expect "^4 CPUs: " --expect "^passed: ")
