# Interrupts, SPL, continuations and threads on the target; and the proofs that seeded bugs are
# caught.

# pivot_interrupt_test(name [PLAIN] [PENDS_PPI] SOURCES ...): the image t_<name>, checked, must
# say that it passed. In exact mode, and with PLAIN also in the emulator's own time, as on a board.
# PENDS_PPI: it makes a PPI pending by software, which QEMU 7.2's GICv2 with several CPUs ignores.
function(pivot_interrupt_test name)
  cmake_parse_arguments(arg "PLAIN;PENDS_PPI" "" "SOURCES" ${ARGN})
  set(cpus)
  if(arg_PENDS_PPI AND PIVOT_GIC EQUAL 2)
    set(cpus --smp 1)
  endif()
  pivot_image(t_${name} FLAVOUR checked SOURCES ${arg_SOURCES})
  pivot_target_test(t_${name} IMAGE t_${name}.elf EXACT ARGS ${cpus} --expect "^passed: ")
  if(arg_PLAIN)
    pivot_target_test(t_${name}_plain IMAGE t_${name}.elf ARGS ${cpus} --expect "^passed: ")
  endif()
endfunction()

# pivot_bug_test(bug TEXT t SOURCES ...): the same test with the bug put in must fail, by a check of
# its own (status 1) that prints TEXT, and not by hanging or by chance.
function(pivot_bug_test bug)
  cmake_parse_arguments(arg "" "TEXT" "SOURCES" ${ARGN})
  string(TOUPPER ${bug} upper)
  pivot_bug_image(t_bug_${bug} ${upper} SOURCES ${arg_SOURCES})
  pivot_target_test(bug_${bug}_is_caught IMAGE t_bug_${bug}.elf EXACT ARGS
    --expect-status 1 --expect "^FAILED .*${arg_TEXT}" --reject "passed: ")
endfunction()

pivot_interrupt_test(nesting PLAIN SOURCES tests/target/nesting.cpp)
# All levels again, handed over by EL3.
foreach(entry "el3;secure=on" "el3_el2;secure=on,virtualization=on")
  list(GET entry 0 el)
  list(GET entry 1 options)
  pivot_target_test(t_nesting_${el} IMAGE t_nesting.elf EXACT
    ARGS --machine-opt ${options} --expect "^passed: ")
endforeach()
pivot_interrupt_test(repend PLAIN SOURCES tests/target/repend.cpp)
pivot_interrupt_test(registers SOURCES tests/target/registers.cpp tests/target/registers.S)

pivot_interrupt_test(pileup SOURCES tests/target/pileup.cpp)
pivot_interrupt_test(unmasked PLAIN SOURCES tests/target/unmasked.cpp)

pivot_interrupt_test(spurious PLAIN SOURCES tests/target/spurious.cpp tests/target/spurious.S)
pivot_interrupt_test(lines PLAIN PENDS_PPI SOURCES tests/target/lines.cpp)
pivot_interrupt_test(line_holds PLAIN PENDS_PPI SOURCES tests/target/line_holds.cpp)

pivot_interrupt_test(spl_levels PLAIN SOURCES tests/target/spl_levels.cpp)
pivot_interrupt_test(spl_random PLAIN SOURCES tests/target/spl_random.cpp)
pivot_interrupt_test(spl_injected SOURCES tests/target/spl_injected.cpp)

pivot_interrupt_test(continuations PLAIN SOURCES tests/target/continuations.cpp)
pivot_interrupt_test(bottom_halves PLAIN SOURCES tests/target/bottom_halves.cpp)
pivot_interrupt_test(continuations_injected SOURCES tests/target/continuations_injected.cpp)
pivot_interrupt_test(continuations_cancelled SOURCES tests/target/continuations_cancelled.cpp)
pivot_interrupt_test(budget SOURCES tests/target/budget.cpp)

pivot_interrupt_test(threads SOURCES tests/target/threads.cpp)

pivot_bug_test(eoi_enabled TEXT "stack_of_thread" SOURCES tests/target/repend.cpp)
pivot_bug_test(scratch_lost TEXT "lost is" SOURCES
  tests/target/registers.cpp tests/target/registers.S)
# Of portable code, so proved on one board; entry and exit differ with the controller.
if(PIVOT_GIC EQUAL 3)
  pivot_bug_test(splx_race TEXT "the line fired 0 times" SOURCES tests/target/spl_injected.cpp)
  pivot_bug_test(double_queue TEXT "runs is" SOURCES tests/target/continuations_injected.cpp)
  pivot_bug_test(cancel_lost TEXT "unseen" SOURCES tests/target/continuations_cancelled.cpp)
  # Found by the checked kernel itself, at the end of the first continuation.
  pivot_bug_image(t_bug_drain_spl DRAIN_SPL SOURCES tests/target/continuations_cancelled.cpp)
  pivot_target_test(bug_drain_spl_is_caught IMAGE t_bug_drain_spl.elf EXACT ARGS
    --expect-status 3 --expect "^panic: a continuation returned with another SPL" --reject passed:)
endif()
