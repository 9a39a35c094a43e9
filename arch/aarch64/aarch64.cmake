# Images for an AArch64 board. A kernel is compiled once for each *flavour* (release, checked, a
# seeded bug ...) and linked with what each image does.

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

# Room for as many CPUs as the controller can serve: 8 with GICv2 (IHI 0048B, 2.1).
if(PIVOT_GIC EQUAL 2)
  set(PIVOT_MAX_CPUS 8)
else()
  set(PIVOT_MAX_CPUS 64)
endif()

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
set_source_files_properties(${PIVOT_RARE_SOURCES} PROPERTIES COMPILE_OPTIONS -Os)

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
  target_include_directories(kernel_${name} PUBLIC
    ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/arch/aarch64)
  target_compile_definitions(kernel_${name} PUBLIC
    PIVOT_GIC=${PIVOT_GIC} PIVOT_MAX_CPUS=${PIVOT_MAX_CPUS} ${arg_DEFINITIONS})
  target_compile_options(kernel_${name} PUBLIC
    ${PIVOT_TARGET_OPTIONS} ${PIVOT_WARNINGS} ${arg_OPTIONS}
    $<$<COMPILE_LANGUAGE:CXX>:${PIVOT_TARGET_CXX_OPTIONS};${PIVOT_CALL_GRAPH}>)
endfunction()

# pivot_link(target FLAVOUR f OBJECTS o EXTRA sources ...): one link of an image,
# images/<target>.elf.
function(pivot_link target)
  cmake_parse_arguments(arg "" "FLAVOUR;OBJECTS" "EXTRA" ${ARGN})
  add_executable(${target}
    ${arg_EXTRA} $<TARGET_OBJECTS:${arg_OBJECTS}> $<TARGET_OBJECTS:kernel_${arg_FLAVOUR}>)
  set_target_properties(${target} PROPERTIES
    SUFFIX .elf RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/images LINKER_LANGUAGE CXX
    LINK_DEPENDS ${CMAKE_SOURCE_DIR}/arch/aarch64/link.ld)
  target_link_options(${target} PRIVATE
    -nostdlib -static -no-pie -Wl,--build-id=none -Wl,--gc-sections -Wl,-z,max-page-size=4096
    -Wl,--no-warn-rwx-segments
    -Wl,--defsym=LOAD_ADDRESS=${PIVOT_LOAD_ADDRESS} -T ${CMAKE_SOURCE_DIR}/arch/aarch64/link.ld)
endfunction()

# pivot_image(name FLAVOUR f SOURCES ...): <name>.elf and <name>.img in images/. Linked twice, so
# that the image knows its functions' names (symbols.py).
function(pivot_image name)
  cmake_parse_arguments(arg "" "FLAVOUR" "SOURCES" ${ARGN})
  set(symbols_py ${CMAKE_SOURCE_DIR}/arch/aarch64/symbols.py)
  set(symbols ${CMAKE_BINARY_DIR}/symbols/${name}.S)
  set(elf ${CMAKE_BINARY_DIR}/images/${name}.elf)
  file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/symbols)

  add_library(${name}_objects OBJECT EXCLUDE_FROM_ALL ${arg_SOURCES})
  target_link_libraries(${name}_objects PRIVATE kernel_${arg_FLAVOUR})

  pivot_link(${name}_nameless FLAVOUR ${arg_FLAVOUR} OBJECTS ${name}_objects)
  set_target_properties(${name}_nameless PROPERTIES
    EXCLUDE_FROM_ALL ON RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/symbols)
  set(nameless ${CMAKE_BINARY_DIR}/symbols/${name}_nameless.elf)
  add_custom_command(OUTPUT ${symbols}
    COMMAND Python3::Interpreter ${symbols_py} --nm ${CMAKE_NM} ${nameless} -o ${symbols}
    DEPENDS ${name}_nameless ${symbols_py} VERBATIM)

  pivot_link(${name} FLAVOUR ${arg_FLAVOUR} OBJECTS ${name}_objects EXTRA ${symbols})
  add_custom_command(TARGET ${name} POST_BUILD
    COMMAND Python3::Interpreter ${symbols_py} --nm ${CMAKE_NM} ${nameless} --check ${elf}
    COMMAND ${CMAKE_OBJCOPY} -O binary ${elf} ${CMAKE_BINARY_DIR}/images/${name}.img VERBATIM)
endfunction()

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
pivot_flavour(traced DEFINITIONS PIVOT_TRACED=1
  SOURCES arch/aarch64/trace.S intr/trace_lines.cpp kern/trace_report.cpp kern/trace/trace.cpp)
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
