# The images and tests of an AArch64 board.
include(${CMAKE_CURRENT_LIST_DIR}/images.cmake)
pivot_board(${PIVOT_BOARD})

# pivot_target_test(name IMAGE i [EXACT] [LABEL l] [ARGS qemu/run.py's options ...]): boots an
# image.
function(pivot_target_test name)
  cmake_parse_arguments(arg "EXACT" "IMAGE;LABEL" "ARGS" ${ARGN})
  if(NOT arg_LABEL)
    set(arg_LABEL target)
  endif()
  if(arg_EXACT)
    list(PREPEND arg_ARGS --exact)
  endif()
  add_test(NAME ${name} COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/qemu/run.py
    --board ${PIVOT_BOARD} ${CMAKE_BINARY_DIR}/images/${arg_IMAGE} ${arg_ARGS})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 120 SKIP_RETURN_CODE 77)
endfunction()

pivot_flavour(release)                                  # what is measured
pivot_flavour(checked DEFINITIONS PIVOT_CHECKED=1)      # with every run-time assert
# Events are recorded (docs/tracing.md).
pivot_flavour(traced DEFINITIONS PIVOT_TRACED=1 SOURCES ${PIVOT_TRACE_SOURCES})
pivot_flavour(ubsan DEFINITIONS PIVOT_CHECKED=1
  OPTIONS $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=undefined>
          $<$<COMPILE_LANGUAGE:CXX>:-fsanitize-undefined-trap-on-error>)

# A seeded bug a flavour (kern/base/config.hpp); tests/target proves that each is caught.
# Those of portable code are proved on one board; entry and exit differ with the controller.
set(PIVOT_TARGET_BUGS EOI_ENABLED SCRATCH_LOST)
if(PIVOT_GIC EQUAL 3)
  list(APPEND PIVOT_TARGET_BUGS SPLX_RACE DOUBLE_QUEUE CANCEL_LOST DRAIN_SPL SYSTEM_SPL_HERE)
endif()
# The line's active state is the controller's, so these on both.
list(APPEND PIVOT_TARGET_BUGS EARLY_DEACTIVATION NOTHING_LENT)
foreach(bug ${PIVOT_TARGET_BUGS})
  string(TOLOWER ${bug} lower)
  pivot_flavour(bug_${lower} DEFINITIONS PIVOT_CHECKED=1 PIVOT_BUG_${bug}=1)
endforeach()

# What each part of the tree builds and tests is said beside it.
file(GLOB pivot_parts CONFIGURE_DEPENDS tests/*/target.cmake tests/target/*.cmake kern/*.cmake)
foreach(part ${pivot_parts})
  include(${part})
endforeach()
