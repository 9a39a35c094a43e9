# What ./pivot trace runs (docs/tracing.md).
pivot_image(trace FLAVOUR traced SOURCES tests/trace/kept.cpp tests/trace/trace.cpp)

# The benchmark, with the trace of a row's worst sample.
pivot_image(bench_traced FLAVOUR traced SOURCES ${PIVOT_BENCH_SOURCES} tests/trace/kept.cpp
  tests/trace/kept_rows.cpp)

# pivot_trace_test(name what ...): a judgement of check.py's.
function(pivot_trace_test name)
  add_test(NAME trace_${name} COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/trace/check.py --board ${PIVOT_BOARD}
    --images ${CMAKE_BINARY_DIR}/images ${ARGN})
  set_tests_properties(trace_${name} PROPERTIES LABELS target TIMEOUT 120)
endfunction()

foreach(scenario interrupt contention read-write held-off across)
  pivot_trace_test(of_${scenario} scenario ${scenario})
  pivot_trace_test(changes_nothing_of_${scenario} alike ${scenario})
endforeach()
pivot_trace_test(of_the_worst_sample worst worst)
foreach(row irq_to_handler irq_to_bottom_half irq_to_thread)
  pivot_trace_test(of_the_worst_${row} row row:${row})
endforeach()
pivot_trace_test(stops_above_a_threshold above worst)
pivot_trace_test(stops_above_a_threshold_in_a_row above row:irq_to_thread)
pivot_trace_test(is_not_in_a_release absent)
pivot_target_test(trace_in_a_panic IMAGE trace.elf EXACT ARGS --smp 2 --arg trace --arg panic
  --expect-status 3 --expect "panic: on purpose" --expect "the last 16 events of CPU 0, of [0-9]+:"
  --expect "irq_enter 00000000000000c8 probe"
  --expect "irq_enter 00000000000000ca probe" --expect "the last [0-9]+ events of CPU 1")

# The shell of a traced kernel.
pivot_image(pivot_traced FLAVOUR traced SOURCES ${PIVOT_SHELL_SOURCES}
  ${PIVOT_TRACED_SHELL_SOURCES})
