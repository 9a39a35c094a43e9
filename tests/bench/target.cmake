# The rows of the benchmark.
set(PIVOT_BENCH_SOURCES
  tests/bench/bench.cpp
  tests/bench/deferred_rows.cpp
  tests/bench/interrupt_rows.cpp
  tests/bench/local_rows.cpp
  tests/bench/report.cpp
  tests/bench/samples.cpp
  tests/bench/spl_rows.cpp
  tests/bench/system_rows.cpp
  tests/bench/thread_rows.cpp)
pivot_image(bench FLAVOUR release SOURCES ${PIVOT_BENCH_SOURCES})

# An instruction more in one of them must not go unnoticed, though its target is far away.
pivot_image(bench_bug_one_more FLAVOUR release SOURCES ${PIVOT_BENCH_SOURCES})
target_compile_definitions(bench_bug_one_more_objects PRIVATE PIVOT_BUG_ONE_MORE=1)
add_test(NAME bug_one_more_is_caught COMMAND Python3::Interpreter
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/seeded.py --board ${PIVOT_BOARD}
  --images ${CMAKE_BINARY_DIR}/images --image bench_bug_one_more --row mutex_pair)
set_tests_properties(bug_one_more_is_caught PROPERTIES LABELS bench TIMEOUT 120)

# Several CPUs that want the system-wide SPL; and that lockstat shows it under its own name.
pivot_image(fights FLAVOUR release SOURCES tests/bench/fights.cpp)
foreach(cpus 2 3 4)
  pivot_target_test(fights_over_the_system_spl_${cpus} IMAGE fights.elf EXACT ARGS --smp ${cpus}
    --expect "@fight level=high cpus=${cpus} cost=[0-9]+ least=[1-9][0-9]* most=[1-9][0-9]*"
    --expect "lockstat: 'system-wide SPL, vm': [1-9][0-9]* of [0-9]+ found it taken"
    --expect "@end")
endforeach()

# What grows with threads, lines and CPUs, or must not.
set(PIVOT_CURVE_SOURCES
  tests/bench/curve_rows.cpp
  tests/bench/deferred_rows.cpp
  tests/bench/interrupt_rows.cpp
  tests/bench/report.cpp
  tests/bench/samples.cpp
  tests/bench/thread_rows.cpp)
pivot_image(many FLAVOUR release SOURCES
  tests/bench/crowd.cpp
  tests/bench/many.cpp
  tests/bench/volley.cpp
  ${PIVOT_CURVE_SOURCES})
pivot_image(cpus FLAVOUR release SOURCES
  tests/bench/cpus.cpp
  tests/bench/cross_cpu_rows.cpp
  ${PIVOT_CURVE_SOURCES})

# Pivot's way beside its rivals' (docs/argument.md), by qemu/argue.py.
pivot_image(argue FLAVOUR release SOURCES
  tests/bench/argue.cpp
  tests/bench/argue_latencies.cpp
  tests/bench/argue_load.cpp
  tests/bench/argue_losses.cpp
  tests/bench/argue_models.cpp
  tests/bench/crowd.cpp
  tests/bench/report.cpp
  tests/bench/samples.cpp)
add_test(NAME argue_repeatable_and_as_promised COMMAND ${PIVOT_ONCE} ${Python3_EXECUTABLE}
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/argue_check.py --board ${PIVOT_BOARD}
  --images ${CMAKE_BINARY_DIR}/images --out ${CMAKE_BINARY_DIR}/argue)
set_tests_properties(argue_repeatable_and_as_promised PROPERTIES LABELS bench TIMEOUT 600
  SKIP_RETURN_CODE 77)

# What cyclictest measures on Linux, measured here (docs/rivals.md).
pivot_image(cyclic FLAVOUR release SOURCES
  tests/bench/cyclic.cpp
  tests/bench/report.cpp
  tests/bench/samples.cpp)
pivot_target_test(cyclic_measures_both IMAGE cyclic.elf EXACT ARGS --smp 1
  --expect "@row name=cyclic_idle" --expect "@row name=cyclic_loaded" --expect "@end")

# What the row kernel_size adds up (qemu/size.py): all objects, and what this image has of them.
target_link_options(bench PRIVATE -Wl,-Map=${CMAKE_BINARY_DIR}/images/bench.map)
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/images/kernel_objects.txt
  CONTENT "$<JOIN:$<TARGET_OBJECTS:kernel_release>,\n>\n")

# An interrupt at every instruction of the kernel's operations.
set(PIVOT_INJECT_SOURCES
  tests/bench/campaign.cpp
  tests/bench/inject.cpp
  tests/bench/injector.cpp
  tests/bench/invariants.cpp
  tests/bench/level_operations.cpp
  tests/bench/lock_operations.cpp
  tests/bench/report.cpp
  tests/bench/selection.cpp
  tests/bench/settle.cpp
  tests/bench/spl_operations.cpp
  tests/bench/strip.cpp
  tests/bench/sync_operations.cpp
  tests/bench/system_operations.cpp
  tests/bench/thread_operations.cpp
  tests/bench/timer_operations.cpp
  tests/bench/wait_operations.cpp)
pivot_image(inject FLAVOUR release SOURCES ${PIVOT_INJECT_SOURCES})

set(once)
if(PIVOT_GIC EQUAL 2)
  set(once --once)
endif()
add_test(NAME bench_rows_within_targets_and_repeatable COMMAND Python3::Interpreter
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/check.py --board ${PIVOT_BOARD}
  --images ${CMAKE_BINARY_DIR}/images --out ${CMAKE_BINARY_DIR}/bench ${once})
set_tests_properties(bench_rows_within_targets_and_repeatable PROPERTIES LABELS bench TIMEOUT 900)

# The same with four CPUs, whose turns on the one clock may be in no figure that is judged.
if(PIVOT_GIC EQUAL 3)
  add_test(NAME bench_of_4_cpus COMMAND Python3::Interpreter
    ${CMAKE_CURRENT_SOURCE_DIR}/qemu/bench.py --board ${PIVOT_BOARD} --smp 4
    --images ${CMAKE_BINARY_DIR}/images --out ${CMAKE_BINARY_DIR}/bench/4)
  set_tests_properties(bench_of_4_cpus PROPERTIES LABELS bench TIMEOUT 600)
endif()

# ./pivot inject in three shards, and put together again.
add_test(NAME inject_shards_are_the_campaign COMMAND Python3::Interpreter
  ${CMAKE_CURRENT_SOURCE_DIR}/tests/bench/inject_check.py --board ${PIVOT_BOARD}
  --images ${CMAKE_BINARY_DIR}/images --out ${CMAKE_BINARY_DIR}/inject)
set_tests_properties(inject_shards_are_the_campaign PROPERTIES LABELS bench TIMEOUT 120)

# With a second CPU: some operations are skipped then, and have no points.
add_test(NAME inject_with_2_cpus COMMAND Python3::Interpreter
  ${CMAKE_CURRENT_SOURCE_DIR}/qemu/inject.py --board ${PIVOT_BOARD} --smp 2
  --op continuation_drain,system_contended_vm
  --images ${CMAKE_BINARY_DIR}/images --out ${CMAKE_BINARY_DIR}/inject/2)
set_tests_properties(inject_with_2_cpus PROPERTIES LABELS bench TIMEOUT 120)

# Two interrupts, every distance apart: no latency above the target, in paths that only an
# interrupted operation takes. The second one is the clock's timer, whose line is not to be had
# while other CPUs use theirs: on one CPU.
pivot_target_test(inject_pairs_within_the_target IMAGE inject.elf EXACT
  ARGS --smp 1 ${PIVOT_ONCE_ARG} --arg inject --arg pairs --expect "@inject op=splx_replay"
  --expect "@end")

# With another CPU that has the system-wide SPL when it is wanted: nothing is lost in a wait.
pivot_target_test(inject_contended IMAGE inject.elf EXACT
  ARGS --smp 2 --expect "@held op=system_contended_vm,by-unconverted"
  --expect "@held op=unconverted_contended level=vm"
  --expect "@end")

# The same with every assert on: latencies do not count here, invariants do.
pivot_image(inject_checked FLAVOUR checked SOURCES ${PIVOT_INJECT_SOURCES})
# A part of a function under a name of its own is unknown to the check of stacks.
target_compile_options(inject_checked_objects PRIVATE -fno-partial-inlining)
pivot_target_test(inject_every_instruction_checked IMAGE inject_checked.elf EXACT
  ARGS ${PIVOT_ONCE_ARG} --expect "@inject op=semaphore_round_trip" --expect "@end")

pivot_target_test(inject_pairs_checked IMAGE inject_checked.elf EXACT
  ARGS --smp 1 --full-only --arg inject --arg pairs --expect "@inject op=splx_replay" --timeout 580
  --expect-status any --reject "panic|FAILED after")
set_tests_properties(inject_pairs_checked PROPERTIES TIMEOUT 600)

# Two of the seeded bugs are windows of an instruction: injection at every one of them finds both.
if(PIVOT_GIC EQUAL 3)
  pivot_bug_image(inject_bug_splx_race SPLX_RACE SOURCES ${PIVOT_INJECT_SOURCES})
  pivot_bug_image(inject_bug_double_queue DOUBLE_QUEUE SOURCES ${PIVOT_INJECT_SOURCES})
  pivot_target_test(inject_finds_bug_splx_race IMAGE inject_bug_splx_race.elf EXACT
    ARGS --expect-status 1 --expect "FAILED after spl")
  pivot_target_test(inject_finds_bug_double_queue IMAGE inject_bug_double_queue.elf EXACT
    ARGS --expect-status 1 --expect "a continuation was lost, or ran twice")
endif()

# The spin mutex's word beside those that were not chosen (docs/decisions/spin-word.md).
pivot_image(spin_words FLAVOUR release SOURCES tests/bench/spin_words.cpp)
pivot_target_test(spin_words_exclude_each_other IMAGE spin_words.elf EXACT
  ARGS --smp 8 --expect "lock=mcs cpus=8 handover=[0-9]+" --expect "@end")
