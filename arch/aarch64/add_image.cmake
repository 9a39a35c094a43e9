# pivot_add_image(NAME [BOARD b] [FLAVOUR f] SOURCES ...): a bootable image of your sources, the
# kernel and its shell, for find_package(Pivot) and add_subdirectory (docs/your-own-driver.md).
#
#   NAME      images/NAME.elf and .img in the build's folder; the target run_NAME boots it
#   BOARD     qemu-virt (the default) or qemu-virt-gicv2
#   FLAVOUR   release (the default), checked: with every run-time assert, traced: with a ring of
#             events
#   SOURCES   what registers itself (kern/pivot/extend.hpp)
include_guard(GLOBAL)
include(${CMAKE_CURRENT_LIST_DIR}/add_test.cmake)

function(pivot_add_image name)
  include(${CMAKE_CURRENT_FUNCTION_LIST_DIR}/images.cmake)
  cmake_parse_arguments(arg "" "BOARD;FLAVOUR" "SOURCES" ${ARGN})
  if(NOT arg_BOARD)
    set(arg_BOARD qemu-virt)
  endif()
  if(NOT arg_FLAVOUR)
    set(arg_FLAVOUR release)
  endif()
  set(PIVOT_WARNINGS -Wall -Wextra -Wshadow $<$<COMPILE_LANGUAGE:CXX>:-Wno-volatile>)
  set(own_release "")
  set(own_checked DEFINITIONS PIVOT_CHECKED=1)
  set(own_traced DEFINITIONS PIVOT_TRACED=1 SOURCES ${PIVOT_TRACE_SOURCES})

  pivot_board(${arg_BOARD})
  if(NOT PIVOT_GIC)
    message(FATAL_ERROR "pivot_add_image(${name}): no board is named '${arg_BOARD}': use qemu-virt "
      "or qemu-virt-gicv2")
  elseif(NOT DEFINED own_${arg_FLAVOUR})
    message(FATAL_ERROR "pivot_add_image(${name}): no flavour is named '${arg_FLAVOUR}': use "
      "release, checked or traced")
  elseif(arg_UNPARSED_ARGUMENTS OR NOT arg_SOURCES)
    message(FATAL_ERROR "pivot_add_image(${name}): its sources stand behind SOURCES")
  elseif(NOT CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64" OR NOT CMAKE_SYSTEM_NAME STREQUAL "Generic")
    message(FATAL_ERROR "pivot_add_image(${name}): the compiler is not a cross compiler for "
      "AArch64: configure anew with --toolchain ${PIVOT_ROOT}/arch/aarch64/toolchain.cmake")
  elseif(NOT CMAKE_CXX_COMPILER_LOADED OR NOT CMAKE_ASM_COMPILER_LOADED)
    message(FATAL_ERROR "pivot_add_image(${name}): Pivot needs C++ and assembly: "
      "project(... LANGUAGES CXX ASM)")
  endif()
  find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter)

  set(flavour ${arg_BOARD}_${arg_FLAVOUR})
  if(NOT TARGET kernel_${flavour})
    pivot_flavour(${flavour} ${own_${arg_FLAVOUR}})
  endif()
  set(shell ${PIVOT_SHELL_SOURCES})
  if(arg_FLAVOUR STREQUAL "traced")
    list(APPEND shell ${PIVOT_TRACED_SHELL_SOURCES})
  endif()
  pivot_image(${name} FLAVOUR ${flavour} SOURCES ${arg_SOURCES} ${shell})
  # What the image is for: for tests, and for the runner.
  set_target_properties(${name} PROPERTIES PIVOT_BOARD ${arg_BOARD})
  file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/images/${name}.board CONTENT "${arg_BOARD}\n")
  # For `pivot stacks`, to which a part of a function under a name of its own is unknown.
  pivot_list_objects(${name} ${flavour} ${CMAKE_BINARY_DIR}/images)
  target_compile_options(${name}_objects PRIVATE -fno-partial-inlining)
  add_custom_target(run_${name} USES_TERMINAL VERBATIM
    COMMAND Python3::Interpreter ${PIVOT_ROOT}/qemu/sdk.py run
    ${CMAKE_BINARY_DIR}/images/${name}.elf)
  add_dependencies(run_${name} ${name})
endfunction()
