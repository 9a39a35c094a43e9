# The system-wide SPL.
pivot_image(t_system_spl FLAVOUR checked SOURCES tests/target/system_spl.cpp)
pivot_target_test(t_system_spl IMAGE t_system_spl.elf
  ARGS --smp 4 --multi --expect "^4 CPUs: " --expect "^passed: ")
pivot_target_test(t_system_spl_exact IMAGE t_system_spl.elf EXACT
  ARGS --smp 4 --expect "^4 CPUs: " --expect "^passed: ")
if(PIVOT_GIC EQUAL 3)  # raised on the CPU that asks, and nowhere else
  pivot_bug_image(t_bug_system_spl_here SYSTEM_SPL_HERE SOURCES tests/target/system_spl.cpp)
  pivot_target_test(bug_system_spl_here_is_caught IMAGE t_bug_system_spl_here.elf EXACT ARGS
    --smp 4 --expect-status 1 --expect "^FAILED .*runs_of\\(g_unconverted\\)" --reject "passed: ")
endif()
