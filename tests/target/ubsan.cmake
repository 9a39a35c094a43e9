# The kernel with undefined behaviour made a trap: every module runs without one, and a deliberate
# one stops the kernel.
if(NOT PIVOT_GIC EQUAL 3)  # a kernel more to compile, of which little differs
  return()
endif()
pivot_image(t_ubsan FLAVOUR ubsan SOURCES tests/target/ubsan.cpp)
pivot_target_test(ubsan IMAGE t_ubsan.elf ARGS --expect "passed: ubsan")

pivot_image(t_ubsan_trap FLAVOUR ubsan SOURCES tests/target/ubsan.cpp)
target_compile_definitions(t_ubsan_trap_objects PRIVATE PIVOT_COMMIT_UB=1)
pivot_target_test(ubsan_trap IMAGE t_ubsan_trap.elf
  ARGS --expect-status 3 --expect "about to add one" --expect "(?i)brk|f20003e8"
  --reject "nothing trapped")
