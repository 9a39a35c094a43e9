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
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 420 SKIP_RETURN_CODE 77)
endfunction()

# What does not depend on the controller is tested on one board, and on the other in ./pivot test
# --full: before a test's command, and among pivot_target_test's ARGS.
if(PIVOT_GIC EQUAL 3)
  set(PIVOT_ONCE)
  set(PIVOT_ONCE_ARG)
else()
  set(PIVOT_ONCE ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/tests/full_only.py)
  set(PIVOT_ONCE_ARG --full-only)
endif()

pivot_flavour(release)                                  # what is measured
pivot_flavour(checked DEFINITIONS PIVOT_CHECKED=1)      # with every run-time assert
# Events are recorded (docs/tracing.md).
pivot_flavour(traced DEFINITIONS PIVOT_TRACED=1 SOURCES ${PIVOT_TRACE_SOURCES})
pivot_flavour(ubsan DEFINITIONS PIVOT_CHECKED=1
  OPTIONS $<$<COMPILE_LANGUAGE:CXX>:-fsanitize=undefined>
          $<$<COMPILE_LANGUAGE:CXX>:-fsanitize-undefined-trap-on-error>)

# pivot_bug_image(name BUG SOURCES ...): the checked kernel with a seeded bug
# (kern/base/config.hpp). What is compiled with it are the image's sources, and so what the kernel's
# headers have inline in them, and those of the kernel that name the bug; the rest is the sound
# kernel's.
set(PIVOT_FILES_WITH_BUG_EOI_ENABLED arch/aarch64/vectors.S)
set(PIVOT_FILES_WITH_BUG_SCRATCH_LOST arch/aarch64/vectors.S)
set(PIVOT_FILES_WITH_BUG_DRAIN_SPL arch/aarch64/switch.S)
set(PIVOT_FILES_WITH_BUG_CANCEL_LOST intr/continuation.cpp)
set(PIVOT_FILES_WITH_BUG_EARLY_DEACTIVATION intr/deferral.cpp)
set(PIVOT_FILES_WITH_BUG_NOTHING_LENT intr/deferral.cpp)
function(pivot_bug_image name bug)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  set(files ${PIVOT_FILES_WITH_BUG_${bug}})
  pivot_image(${name} FLAVOUR checked SOURCES ${arg_SOURCES} ${files} WITHOUT ${files})
  target_compile_definitions(${name}_objects PRIVATE PIVOT_BUG_${bug}=1)
endfunction()

# What each part of the tree builds and tests is said beside it.
file(GLOB pivot_parts CONFIGURE_DEPENDS tests/*/target.cmake tests/target/*.cmake kern/*.cmake)
foreach(part ${pivot_parts})
  include(${part})
endforeach()
