# The rows of the benchmark.
pivot_image(bench FLAVOUR release SOURCES tests/bench/bench.cpp)
