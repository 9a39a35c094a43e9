# The unit tests: the portable kernel on the host port, with GoogleTest; and whatever else needs no
# target. Labels: unit, nocompile, layering.

find_package(GTest REQUIRED)
find_package(Threads REQUIRED)
include(GoogleTest)

# Everything that names no architecture. kern/main.cpp and kern/secondary.cpp wire a board;
# kern/panic*.cpp ends a machine: arch/host/panic.cpp stands for it.
file(GLOB PIVOT_PORTABLE_SOURCES CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  spl/*.cpp spl/*/*.cpp mutex/*.cpp intr/*.cpp kern/*.cpp kern/base/*.cpp kern/shell/*.cpp
  arch/dev/pl011*.cpp)
list(FILTER PIVOT_PORTABLE_SOURCES EXCLUDE REGEX "kern/(main|secondary|panic.*|trace_report)\\.cpp")
# Of the flavour `traced`, which the host has not (docs/decisions/trace-ring.md).
list(FILTER PIVOT_PORTABLE_SOURCES EXCLUDE REGEX "intr/trace_lines\\.cpp")

# Not instrumented: what happens in these happens between two instructions of the simulated CPU.
set(PIVOT_HOST_PORT_SOURCES
  arch/host/capture_backtrace.cpp
  arch/host/cpu.cpp
  arch/host/fiber.cpp
  arch/host/panic.cpp
  arch/host/sim_controller.cpp
  arch/host/sim_cpu.cpp
  arch/host/switch.cpp
  arch/host/vectors.cpp
)
# CPUs that take turns, at every access of memory; for CPUs that are host threads, see below.
set(PIVOT_HOST_TURNS arch/host/access_points.cpp arch/host/world.cpp)
file(GLOB pivot_unit_support CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  tests/unit/support/*.cpp)
list(REMOVE_ITEM pivot_unit_support tests/unit/support/explorer_threads.cpp)
# What quiet_failures.cpp stands before.
set(pivot_quiet_failures -Wl,--wrap=_ZNK7testing8internal12AssertHelperaSERKNS_7MessageE)
file(GLOB_RECURSE pivot_unit_tests CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR}
  tests/unit/*_test.cpp)

# A checked build watches each change of an SPL, in records that are each CPU's own: two of three
# accesses of a scenario would be its, and nothing would be found between them.
set(pivot_unexplored_sources spl/spl_watch.cpp)
set(pivot_explored_sources ${PIVOT_PORTABLE_SOURCES})
list(REMOVE_ITEM pivot_explored_sources ${pivot_unexplored_sources})

# pivot_host_objects(name SOURCES ... DEFINITIONS ... OPTIONS ...)
function(pivot_host_objects name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEFINITIONS;OPTIONS" ${ARGN})
  add_library(${name} OBJECT ${arg_SOURCES})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/arch/host)
  target_compile_definitions(${name} PRIVATE
    PIVOT_CHECKED=1 PIVOT_MAX_CPUS=4 ${arg_DEFINITIONS})
  target_compile_options(${name} PRIVATE -O1 -g1 ${PIVOT_WARNINGS} ${arg_OPTIONS})
  target_link_libraries(${name} PRIVATE GTest::gtest)
endfunction()

# pivot_host_tests(name [POINTS] SANITIZE ... DEFINITIONS ... OPTIONS ... TESTS ...): unit
# tests. POINTS makes every memory access of kernel and tests an interrupt point
# (arch/host/access_points.cpp): the flag instruments, and no thread sanitizer is linked.
function(pivot_host_tests name)
  cmake_parse_arguments(arg "POINTS" "" "SANITIZE;DEFINITIONS;OPTIONS;TESTS" ${ARGN})
  set(points ${arg_OPTIONS})
  if(arg_POINTS)
    list(APPEND points -fsanitize=thread)
    list(APPEND arg_DEFINITIONS PIVOT_ACCESS_POINTS=1)
  endif()
  set(sanitize)
  foreach(kind ${arg_SANITIZE})
    list(APPEND sanitize -fsanitize=${kind} -fno-sanitize-recover=${kind})
  endforeach()
  pivot_host_objects(${name}_masks SOURCES arch/host/sim_line_masks.cpp
    DEFINITIONS ${arg_DEFINITIONS} OPTIONS ${sanitize} ${points})
  pivot_host_objects(${name}_kernel SOURCES ${pivot_explored_sources}
    DEFINITIONS ${arg_DEFINITIONS} OPTIONS ${sanitize} ${points})
  # The tests themselves under the address sanitizer's build only: it doubles their compilation.
  set(of_tests ${points})
  if(NOT arg_POINTS)
    list(APPEND of_tests ${sanitize})
  endif()
  pivot_host_objects(${name}_tests SOURCES ${arg_TESTS}
    DEFINITIONS ${arg_DEFINITIONS} OPTIONS ${of_tests})
  # Half of a test's compilation would be reading these again.
  target_precompile_headers(${name}_tests PRIVATE
    <gtest/gtest.h> <functional> <list> <random> <string> <vector>)
  pivot_host_objects(${name}_port
    SOURCES ${PIVOT_HOST_PORT_SOURCES} ${PIVOT_HOST_TURNS} ${pivot_unit_support}
      ${pivot_unexplored_sources}
    DEFINITIONS ${arg_DEFINITIONS} OPTIONS ${sanitize} ${arg_OPTIONS})
  # The kernel first: of an inline function in both, the linker takes the instrumented copy.
  add_executable(${name} $<TARGET_OBJECTS:${name}_kernel> $<TARGET_OBJECTS:${name}_masks>
    $<TARGET_OBJECTS:${name}_tests> $<TARGET_OBJECTS:${name}_port>)
  target_link_options(${name} PRIVATE ${sanitize} ${pivot_quiet_failures})
  target_link_libraries(${name} PRIVATE GTest::gtest_main Threads::Threads)
endfunction()

pivot_host_tests(unit_tests POINTS SANITIZE undefined TESTS ${pivot_unit_tests})
gtest_discover_tests(unit_tests DISCOVERY_TIMEOUT 60 PROPERTIES LABELS unit TIMEOUT 300)

# All of it once more on the other kind of controller, with fewer interleavings: most scenarios do
# not depend on it (tests/unit/support/explorer.cpp).
add_test(NAME unit.line_masks COMMAND unit_tests --gtest_brief=1)
set_tests_properties(unit.line_masks PROPERTIES LABELS unit TIMEOUT 600
  ENVIRONMENT PIVOT_CONTROLLER=line_masks)

# Scenarios for several CPUs once more, with real threads under the thread sanitizer: it sees races
# that no interleaving shows. No access points, for the sanitizer's own functions stand there.
file(GLOB pivot_smp_tests CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} tests/unit/smp/*_test.cpp)
list(REMOVE_ITEM pivot_smp_tests tests/unit/smp/explorer_test.cpp)
set(pivot_smp_sources ${PIVOT_PORTABLE_SOURCES})
list(FILTER pivot_smp_sources EXCLUDE REGEX "kern/shell/|arch/dev/")
pivot_host_objects(unit_tsan_machine OPTIONS -fsanitize=thread
  SOURCES ${pivot_smp_sources} ${PIVOT_HOST_PORT_SOURCES} arch/host/world_threads.cpp
    arch/host/sim_line_masks.cpp tests/unit/support/machine.cpp tests/unit/support/smp_machine.cpp
    tests/unit/support/explorer_threads.cpp)
# pivot_tsan_tests(name source ...)
function(pivot_tsan_tests name)
  pivot_host_objects(${name}_tests OPTIONS -fsanitize=thread SOURCES ${ARGN})
  add_executable(${name} $<TARGET_OBJECTS:${name}_tests> $<TARGET_OBJECTS:unit_tsan_machine>)
  target_link_options(${name} PRIVATE -fsanitize=thread)
  target_link_libraries(${name} PRIVATE GTest::gtest_main Threads::Threads)
endfunction()

pivot_tsan_tests(unit_tests_tsan ${pivot_smp_tests})
# Locks, calls and the statistics' books, which share data between CPUs without the scheduler. What
# the sanitizer says of scenarios in which threads switch (fibers that go from one host thread to
# another, plain stores of a thread's state by its home) is yet to be sorted: run them by hand.
set(pivot_sanitized SpinMutexSmp CrossCallSmp LockBooksSmp WorldSmp LockWordSmp ContinuationSmp
  SystemSplSmp)
list(TRANSFORM pivot_sanitized APPEND ".*")
list(JOIN pivot_sanitized ":" pivot_sanitized)
add_test(NAME unit.thread_sanitizer COMMAND unit_tests_tsan --gtest_brief=1
  --gtest_filter=${pivot_sanitized})
set_tests_properties(unit.thread_sanitizer PROPERTIES LABELS unit TIMEOUT 600)
pivot_tsan_tests(unit_convicted_tsan tests/unit/smp/convicted.cpp)
add_test(NAME unit.thread_sanitizer_convicts COMMAND unit_convicted_tsan
  --gtest_filter=Convicted.ReleaseBeforeTheStore)
set_tests_properties(unit.thread_sanitizer_convicts PROPERTIES LABELS unit TIMEOUT 120
  PASS_REGULAR_EXPRESSION "ThreadSanitizer: data race")

# Negative controls: each of these tests is wrong on purpose and must be found out.
pivot_host_objects(unit_convicted_tests SOURCES tests/unit/smp/convicted.cpp
  DEFINITIONS PIVOT_ACCESS_POINTS=1 OPTIONS -fsanitize=thread)
add_executable(unit_convicted $<TARGET_OBJECTS:unit_tests_kernel>
  $<TARGET_OBJECTS:unit_tests_masks> $<TARGET_OBJECTS:unit_convicted_tests>
  $<TARGET_OBJECTS:unit_tests_port>)
target_link_options(unit_convicted PRIVATE -fsanitize=undefined ${pivot_quiet_failures})
target_link_libraries(unit_convicted PRIVATE GTest::gtest_main Threads::Threads)
foreach(wrong LoadThenStore TicketInTwoSteps ReleaseBeforeTheStore TwoMutexesInTwoOrders
    AWakeUpIsLost AThreadRunsOnTwoCpus)
  add_test(NAME unit.explorer_convicts.${wrong} COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/unit/support/expect_failure.py $<TARGET_FILE:unit_convicted>
    Convicted.${wrong})
  set_tests_properties(unit.explorer_convicts.${wrong} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()

# The same under the address sanitizer, which excludes the instrumentation: interrupts come at the
# port's operations only. Compiling everything once more is for ./pivot test --full.
pivot_host_tests(unit_tests_address SANITIZE address undefined TESTS ${pivot_unit_tests})
set_target_properties(unit_tests_address unit_tests_address_kernel unit_tests_address_masks
  unit_tests_address_tests unit_tests_address_port PROPERTIES EXCLUDE_FROM_ALL TRUE)
add_test(NAME unit.address_sanitizer COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tests/full_only.py --build ${CMAKE_BINARY_DIR} unit_tests_address
  $<TARGET_FILE:unit_tests_address> --gtest_brief=1)
set_tests_properties(unit.address_sanitizer PROPERTIES LABELS unit TIMEOUT 900
  SKIP_RETURN_CODE 77 ENVIRONMENT "ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=0")

# pivot_host_bug(bug FILTER f [ENVIRONMENT e] SOURCES ...): with PIVOT_BUG_<bug> put in, a test that
# FILTER names must fail by a check of its own. Of unit_tests, in which it passes, SOURCES alone are
# compiled once more: tests, for what the kernel's headers have inline, and those of its files that
# name the bug.
function(pivot_host_bug bug)
  cmake_parse_arguments(arg "" "FILTER;ENVIRONMENT" "SOURCES" ${ARGN})
  string(TOLOWER ${bug} lower)
  set(name unit_bug_${lower})
  pivot_host_objects(${name}_objects SOURCES ${arg_SOURCES}
    DEFINITIONS PIVOT_ACCESS_POINTS=1 PIVOT_BUG_${bug}=1
    OPTIONS -g0 -fsanitize=thread)
  set(others)
  foreach(part kernel masks tests port)
    list(APPEND others $<TARGET_OBJECTS:unit_tests_${part}>)
  endforeach()
  foreach(source ${arg_SOURCES})
    string(REPLACE "." "\\." object "/${source}.")
    set(others $<FILTER:${others},EXCLUDE,${object}>)
  endforeach()
  # First: of an inline function in several, the linker takes the first.
  add_executable(${name} $<TARGET_OBJECTS:${name}_objects> ${others})
  target_link_options(${name} PRIVATE -fsanitize=undefined ${pivot_quiet_failures})
  target_link_libraries(${name} PRIVATE GTest::gtest_main Threads::Threads)
  add_test(NAME unit.bug_${lower}_is_caught COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/unit/support/expect_failure.py $<TARGET_FILE:${name}> ${arg_FILTER})
  set_tests_properties(unit.bug_${lower}_is_caught PROPERTIES LABELS unit TIMEOUT 120
    ENVIRONMENT "${arg_ENVIRONMENT}")
endfunction()

foreach(bug "REPLAY_FORGETS;LineMasks.ManyLines*" "REPLAY_LOWEST_FIRST;Spl.ReplaysHighestFirst"
    "MASK_NOT_LOOKED_AT;LineMasksSmp.DisabledAndEnabled*")
  list(POP_FRONT bug name)
  pivot_host_bug(${name} FILTER ${bug} SOURCES arch/host/sim_line_masks.cpp
    ENVIRONMENT PIVOT_CONTROLLER=line_masks)
endforeach()
pivot_host_bug(UART_OVERRUN FILTER "*Overrun*" SOURCES tests/unit/pl011_test.cpp)
pivot_host_bug(SPLX_RACE FILTER "SplRace.*" SOURCES tests/unit/spl/spl_test.cpp)
pivot_host_bug(CANCEL_LOST FILTER "Cancel.*"
  SOURCES tests/unit/intr/cancel_test.cpp intr/continuation.cpp)
pivot_host_bug(DOUBLE_QUEUE FILTER "ContinuationPoints.DoubleQueue"
  SOURCES tests/unit/intr/continuation_test.cpp)

# Warnings of the other compiler, with the target's language options; no code comes of it. Clang
# has no global register variables but the stack pointer's, so arch/aarch64 is GCC's alone.
find_program(PIVOT_CLANGXX clang++)
if(PIVOT_CLANGXX AND NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  set(pivot_clang_objects)
  foreach(source ${PIVOT_PORTABLE_SOURCES} ${PIVOT_HOST_PORT_SOURCES} ${PIVOT_HOST_TURNS}
      arch/host/world_threads.cpp arch/host/sim_line_masks.cpp)
    string(REPLACE "/" "_" object ${source})
    set(object ${CMAKE_BINARY_DIR}/clang/${object}.ok)
    add_custom_command(OUTPUT ${object}
      COMMAND ${PIVOT_CLANGXX} -std=c++20 -fsyntax-only -Wall -Wextra -Werror -Wshadow
        -Wthread-safety -Wno-deprecated-volatile -fno-exceptions -fno-rtti -DPIVOT_MAX_CPUS=4
        -I${CMAKE_SOURCE_DIR} -I${CMAKE_SOURCE_DIR}/arch/host
        -MD -MF ${object}.d -MT ${object} ${CMAKE_SOURCE_DIR}/${source}
      COMMAND ${CMAKE_COMMAND} -E touch ${object}
      DEPENDS ${source} DEPFILE ${object}.d COMMENT "clang++ ${source}" VERBATIM)
    list(APPEND pivot_clang_objects ${object})
  endforeach()
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/clang)
  add_custom_target(clang_warnings ALL DEPENDS ${pivot_clang_objects})
else()
  message(STATUS "clang++ is not installed, or builds everything: no second compiler's warnings")
endif()

# What each part of the tree checks without a target is said beside it.
file(GLOB pivot_checks CONFIGURE_DEPENDS
  tests/*/checks.cmake tests/nocompile/nocompile.cmake tests/layering/layering.cmake)
foreach(checks ${pivot_checks})
  include(${checks})
endforeach()
