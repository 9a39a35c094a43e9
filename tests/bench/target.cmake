# The rows of the benchmark.
pivot_image(bench FLAVOUR release SOURCES
  tests/bench/bench.cpp
  tests/bench/deferred_rows.cpp
  tests/bench/interrupt_rows.cpp
  tests/bench/local_rows.cpp
  tests/bench/samples.cpp
  tests/bench/thread_rows.cpp)
