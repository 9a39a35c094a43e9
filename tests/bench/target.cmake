# The rows of the benchmark.
pivot_image(bench FLAVOUR release SOURCES
  tests/bench/bench.cpp
  tests/bench/deferred_rows.cpp
  tests/bench/interrupt_rows.cpp
  tests/bench/local_rows.cpp
  tests/bench/samples.cpp
  tests/bench/thread_rows.cpp)

# An interrupt at every instruction of the kernel's operations.
set(PIVOT_INJECT_SOURCES
  tests/bench/inject.cpp
  tests/bench/injector.cpp
  tests/bench/operations.cpp)
pivot_image(inject FLAVOUR release SOURCES ${PIVOT_INJECT_SOURCES})
