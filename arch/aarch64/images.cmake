# How an image for an AArch64 board is made. A kernel is compiled once for each *flavour* (release,
# checked, a seeded bug ...) and linked with what each image does. Also for images of other projects
# (add_image.cmake), so every path is absolute.
get_filename_component(PIVOT_ROOT "${CMAKE_CURRENT_LIST_DIR}/../.." ABSOLUTE)

# pivot_board(name): what differs from board to board. PIVOT_GIC is not set for a name that is none.
macro(pivot_board name)
  unset(PIVOT_GIC)
  if("${name}" STREQUAL "qemu-virt")
    set(PIVOT_GIC 3)
    set(PIVOT_LOAD_ADDRESS 0x40200000)
  elseif("${name}" STREQUAL "qemu-virt-gicv2")
    set(PIVOT_GIC 2)
    set(PIVOT_LOAD_ADDRESS 0x40200000)
  endif()
  # Room for as many CPUs as the controller can serve: 8 with GICv2 (IHI 0048B, 2.1).
  if(PIVOT_GIC EQUAL 2)
    set(PIVOT_MAX_CPUS 8)
  else()
    set(PIVOT_MAX_CPUS 64)
  endif()
endmacro()

set(PIVOT_KERNEL_SOURCES
  arch/aarch64/backtrace.cpp
  arch/aarch64/bring_up.cpp
  arch/aarch64/capture.S
  arch/aarch64/capture_backtrace.cpp
  arch/aarch64/cpu.cpp
  arch/aarch64/esr.cpp
  arch/aarch64/fault.cpp
  arch/aarch64/line_ends.S
  arch/aarch64/memory.cpp
  arch/aarch64/mmu.cpp
  arch/aarch64/start.S
  arch/aarch64/switch.S
  arch/aarch64/vectors.S
  arch/board/board.cpp
  arch/board/console.cpp
  intr/attend.cpp
  intr/black_box.cpp
  intr/bottom_half.cpp
  intr/continuation.cpp
  intr/deferral.cpp
  intr/errand.cpp
  intr/line.cpp
  intr/line_hold.cpp
  intr/line_share.cpp
  intr/storm.cpp
  intr/threaded_line.cpp
  kern/base/format.cpp
  kern/base/heap.cpp
  kern/base/log.cpp
  kern/base/symbols.cpp
  kern/callout.cpp
  kern/change.cpp
  kern/clock.cpp
  kern/condition.cpp
  kern/cpus.cpp
  kern/cross_call.cpp
  kern/demote.cpp
  kern/event_flags.cpp
  kern/main.cpp
  kern/message_queue.cpp
  kern/panic.cpp
  kern/panic_report.cpp
  kern/panic_stop.cpp
  kern/park.cpp
  kern/pool.cpp
  kern/read_write_lock.cpp
  kern/sched.cpp
  kern/secondary.cpp
  kern/slices.cpp
  kern/thread.cpp
  kern/timed_wait.cpp
  kern/wait_queue.cpp
  mutex/adaptive_mutex.cpp
  mutex/deferred.cpp
  mutex/guard_check.cpp
  mutex/guard_report.cpp
  mutex/lock_class.cpp
  mutex/lock_graph.cpp
  mutex/lock_order.cpp
  mutex/lock_report.cpp
  mutex/lock_statistics.cpp
  mutex/spin_mutex.cpp
  mutex/turnstile.cpp
  spl/legacy/sleep.cpp
  spl/spl_watch.cpp
  spl/system/system_spl.cpp
)

# Not on the way of any row of the benchmark: compiled for size.
set(PIVOT_RARE_SOURCES
  arch/aarch64/backtrace.cpp
  arch/aarch64/bring_up.cpp
  arch/aarch64/esr.cpp
  arch/aarch64/fault.cpp
  arch/aarch64/mmu.cpp
  arch/board/board.cpp
  intr/black_box.cpp
  intr/bottom_half.cpp
  intr/continuation.cpp
  intr/deferral.cpp
  intr/errand.cpp
  intr/line.cpp
  intr/line_hold.cpp
  intr/line_share.cpp
  intr/storm.cpp
  intr/threaded_line.cpp
  kern/base/format.cpp
  kern/change.cpp
  kern/clock.cpp
  kern/condition.cpp
  kern/cross_call.cpp
  kern/demote.cpp
  kern/event_flags.cpp
  kern/main.cpp
  kern/message_queue.cpp
  kern/panic.cpp
  kern/panic_report.cpp
  kern/panic_stop.cpp
  kern/park.cpp
  kern/pool.cpp
  kern/read_write_lock.cpp
  kern/secondary.cpp
  kern/slices.cpp
  kern/thread.cpp
  kern/timed_wait.cpp
  mutex/adaptive_mutex.cpp
  mutex/deferred.cpp
  mutex/guard_check.cpp
  mutex/guard_report.cpp
  mutex/lock_class.cpp
  mutex/lock_graph.cpp
  mutex/lock_order.cpp
  mutex/lock_report.cpp
  mutex/lock_statistics.cpp
  mutex/spin_mutex.cpp
  mutex/turnstile.cpp
  spl/legacy/sleep.cpp
  spl/system/system_spl.cpp
)

# What a traced kernel has beside the others (docs/tracing.md).
set(PIVOT_TRACE_SOURCES
  arch/aarch64/trace.S intr/trace_lines.cpp kern/trace_report.cpp kern/trace/trace.cpp)

# The image `pivot`: a shell, with bench and inject of what is registered.
set(PIVOT_SHELL_SOURCES
  kern/pivot/bench.cpp
  kern/pivot/continuations.cpp
  kern/pivot/cpus.cpp
  kern/pivot/deferrals.cpp
  kern/pivot/image.cpp
  kern/pivot/irq.cpp
  kern/pivot/machine.cpp
  kern/pivot/memory_map.cpp
  kern/pivot/stacks.cpp
  kern/pivot/timers.cpp
  kern/pivot/top.cpp
  kern/pivot/trace_command.cpp
  kern/shell/inspect.cpp
  kern/shell/line_editor.cpp
  kern/shell/lock_order.cpp
  kern/shell/lock_statistics.cpp
  kern/shell/shell.cpp
  kern/shell/words.cpp
  # bench and inject of what is registered.
  tests/bench/campaign.cpp
  tests/bench/injector.cpp
  tests/bench/invariants.cpp
  tests/bench/own.cpp
  tests/bench/report.cpp
  tests/bench/samples.cpp
  tests/bench/selection.cpp
  tests/bench/settle.cpp
  tests/bench/strip.cpp
)
# And in a traced kernel.
set(PIVOT_TRACED_SHELL_SOURCES tests/trace/kept.cpp tests/trace/kept_rows.cpp)

foreach(list KERNEL RARE TRACE SHELL TRACED_SHELL)
  list(TRANSFORM PIVOT_${list}_SOURCES PREPEND "${PIVOT_ROOT}/")
endforeach()

set(PIVOT_TARGET_OPTIONS
  -O2 -g
  -mfix-cortex-a53-835769 -mfix-cortex-a53-843419  # errata of the CPU that most boards have
  -march=armv8-a -mgeneral-regs-only -mno-outline-atomics -mstrict-align
  -ffixed-x18                     # this CPU's structure (arch/aarch64/cpu.hpp)
  -ffreestanding -fno-pic -fno-stack-protector -fno-common
  -fno-omit-frame-pointer         # backtraces
  -ffunction-sections -fdata-sections
)
set(PIVOT_TARGET_CXX_OPTIONS -fno-exceptions -fno-rtti -fno-threadsafe-statics)
# Beside each object, who calls whom and how large the frames are (tests/stack/check.py).
set(PIVOT_CALL_GRAPH -fcallgraph-info=su,da)

# pivot_flavour(name SOURCES more ... DEFINITIONS ... OPTIONS ...): the kernel's objects, compiled
# one way.
function(pivot_flavour name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEFINITIONS;OPTIONS" ${ARGN})
  add_library(kernel_${name} OBJECT EXCLUDE_FROM_ALL ${PIVOT_KERNEL_SOURCES} ${arg_SOURCES})
  set_target_properties(kernel_${name} PROPERTIES CXX_STANDARD 20 CXX_EXTENSIONS OFF)
  # Of this directory: here, because a function's caller may be in any.
  set_source_files_properties(${PIVOT_RARE_SOURCES} PROPERTIES COMPILE_OPTIONS -Os)
  target_include_directories(kernel_${name} PUBLIC
    ${PIVOT_ROOT} ${PIVOT_ROOT}/arch/aarch64)
  target_compile_definitions(kernel_${name} PUBLIC
    PIVOT_GIC=${PIVOT_GIC} PIVOT_MAX_CPUS=${PIVOT_MAX_CPUS} ${arg_DEFINITIONS})
  target_compile_options(kernel_${name} PUBLIC
    ${PIVOT_TARGET_OPTIONS} ${PIVOT_WARNINGS} ${arg_OPTIONS}
    $<$<COMPILE_LANGUAGE:CXX>:${PIVOT_TARGET_CXX_OPTIONS};${PIVOT_CALL_GRAPH}>)
endfunction()

# pivot_link(target FLAVOUR f OBJECTS o WITHOUT sources ... EXTRA sources ...): one link of an
# image, images/<target>.elf. WITHOUT: the kernel's sources that the image has a version of its own
# of.
function(pivot_link target)
  cmake_parse_arguments(arg "" "FLAVOUR;OBJECTS" "EXTRA;WITHOUT" ${ARGN})
  set(kernel $<TARGET_OBJECTS:kernel_${arg_FLAVOUR}>)
  foreach(source ${arg_WITHOUT})
    string(REPLACE "." "\\." object "/${source}.")
    set(kernel $<FILTER:${kernel},EXCLUDE,${object}>)
  endforeach()
  add_executable(${target} ${arg_EXTRA} $<TARGET_OBJECTS:${arg_OBJECTS}> ${kernel})
  set_target_properties(${target} PROPERTIES
    SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/images LINKER_LANGUAGE CXX
    LINK_DEPENDS ${PIVOT_ROOT}/arch/aarch64/link.ld)
  target_link_options(${target} PRIVATE
    -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,max-page-size=4096
    -Wl,--no-warn-rwx-segments
    -Wl,--defsym=LOAD_ADDRESS=${PIVOT_LOAD_ADDRESS} -T ${PIVOT_ROOT}/arch/aarch64/link.ld)
endfunction()

# pivot_image(name FLAVOUR f SOURCES ... WITHOUT ...): <name>.elf and <name>.img in images/. Linked
# twice, so that the image knows its functions' names (symbols.py).
function(pivot_image name)
  cmake_parse_arguments(arg "" "FLAVOUR" "SOURCES;WITHOUT" ${ARGN})
  set(parts FLAVOUR ${arg_FLAVOUR} OBJECTS ${name}_objects WITHOUT ${arg_WITHOUT})
  set(symbols_py ${PIVOT_ROOT}/arch/aarch64/symbols.py)
  set(symbols ${CMAKE_BINARY_DIR}/symbols/${name}.S)
  set(elf ${CMAKE_BINARY_DIR}/images/${name}.elf)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/symbols)

  add_library(${name}_objects OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
  set_target_properties(${name}_objects PROPERTIES CXX_STANDARD 20 CXX_EXTENSIONS OFF)
  target_link_libraries(${name}_objects PRIVATE kernel_${arg_FLAVOUR})

  pivot_link(${name}_nameless ${parts})
  set_target_properties(${name}_nameless PROPERTIES
    EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/symbols)
  set(nameless ${CMAKE_BINARY_DIR}/symbols/${name}_nameless.elf)
  add_custom_command(OUTPUT ${symbols}
    COMMAND Python3::Interpreter ${symbols_py} --nm ${CMAKE_NM} ${nameless} -o ${symbols}
    DEPENDS ${name}_nameless ${symbols_py} VERBATIM)

  pivot_link(${name} ${parts} EXTRA ${symbols})
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND Python3::Interpreter ${symbols_py} --nm ${CMAKE_NM} ${nameless} --check ${elf}
    COMMAND ${CMAKE_OBJCOPY} -O binary ${elf} ${CMAKE_BINARY_DIR}/images/${name}.img VERBATIM)
endfunction()

# pivot_list_objects(image flavour folder): <image>.objects, those that it is linked of, for
# tests/stack/check.py.
function(pivot_list_objects image flavour folder)
  set(of_image "$<JOIN:$<TARGET_OBJECTS:${image}_objects>,\n>")
  set(of_kernel "$<JOIN:$<TARGET_OBJECTS:kernel_${flavour}>,\n>")
  file(GENERATE OUTPUT ${folder}/${image}.objects CONTENT "${of_image}\n${of_kernel}\n")
endfunction()
