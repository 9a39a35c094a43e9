# Callouts and the clock.
pivot_interrupt_test(timers SOURCES tests/target/timers.cpp)

# What arming, cancelling and running one costs, by how many are armed: within its bound.
pivot_image(timer_costs FLAVOUR release SOURCES tests/target/timer_costs.cpp)
pivot_target_test(timer_costs_within_bounds IMAGE timer_costs.elf EXACT ARGS --expect "^passed: ")
