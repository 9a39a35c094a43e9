# Several CPUs: they come up, they hear each other, and a panic stops them all.
pivot_image(t_smp FLAVOUR checked SOURCES tests/target/smp.cpp)

# pivot_smp_test(name cpus rounds run.py's options ...): that many are there; each calls each.
function(pivot_smp_test name cpus rounds)
  pivot_target_test(t_smp_${name} IMAGE t_smp.elf
    ARGS --smp ${cpus} --arg ${cpus} --arg ${rounds} --expect "^passed: smp" ${ARGN})
endfunction()

pivot_smp_test(1 1 1000)
pivot_smp_test(2 2 1000 --multi)
pivot_smp_test(4 4 1000 --multi)
pivot_smp_test(8 8 1000 --multi)
pivot_smp_test(4_exact 4 100 --exact)
pivot_smp_test(4_el2 4 100 --multi --machine-opt virtualization=on)
if(PIVOT_GIC EQUAL 3)
  pivot_smp_test(64 64 2 --multi)  # sixteen a cluster: four targets' affinities
  pivot_target_test(t_smp_70 IMAGE t_smp.elf ARGS --smp 70 --arg 64 --arg 1 --multi
    --expect "^6 of 70 CPUs stay off: this build has room for 64" --expect "^passed: smp")
endif()

pivot_image(t_smp_absent FLAVOUR checked SOURCES tests/target/smp_absent.cpp)
pivot_target_test(t_smp_absent IMAGE t_smp_absent.elf ARGS --smp 3 --multi
  --expect "^CPU 4 did not start: PSCI answered -2 \\(INVALID_PARAMETERS\\)"
  --expect "^CPU 5 did not start: PSCI answered -4 \\(ALREADY_ON\\)"
  --expect "^CPU 6 did not start: it did not answer within 1 s" --expect "^passed: smp_absent")
# Entered at EL3 there is no firmware.
pivot_target_test(t_smp_no_firmware IMAGE t_smp.elf ARGS --smp 4 --arg 1 --arg 10
  --machine-opt secure=on --expect "^3 of 4 CPUs stay off: nobody answers PSCI calls"
  --expect "^passed: smp")

pivot_image(t_smp_panic FLAVOUR release SOURCES tests/target/smp_panic.cpp)
target_compile_options(t_smp_panic_objects PRIVATE -fno-optimize-sibling-calls)

# pivot_smp_panic_test(case text ...): the texts must be printed in this order.
function(pivot_smp_panic_test case)
  set(expectations)
  foreach(text ${ARGN})
    list(APPEND expectations --expect ${text})
  endforeach()
  pivot_target_test(t_smp_panic_${case} IMAGE t_smp_panic.elf
    ARGS --smp 4 --multi --arg ${case} --expect-status 3 ${expectations})
endfunction()

set(cpu_2_idle "CPU 2, SPL none, interrupt depth 0, idle" "thread 'idle', priority 0"
  "pivot_secondary_main\\+")
pivot_smp_panic_test(idle
  "panic: the others sleep" "CPU 0, SPL none, interrupt depth 0\\r?$" "thread 'main', priority 8"
  "CPU 1, SPL none, interrupt depth 0, idle" ${cpu_2_idle} "CPU 3, .*idle")
pivot_smp_panic_test(running
  "panic: another one runs" "CPU 0, " "CPU 1, SPL none, interrupt depth 0, running"
  "thread 'runner', priority 10" "::spin_for_ever\\+" "::run_in_a_thread" ${cpu_2_idle})
pivot_smp_panic_test(spin-mutex
  "panic: a spin mutex is held" "CPU 1, SPL sched, interrupt depth 0, running"
  "thread 'softserial'" "held, newest first: 'the-mutex'" "::spin_for_ever\\+" "CrossCall::run_all"
  "pivot_secondary_main\\+[0-9]+, interrupted" "CPU 2, SPL sched, interrupt depth 0, running"
  "held, newest first: none" "SpinMutex" "CPU 3, .*idle")
pivot_smp_panic_test(spl-high
  "panic: another one holds off everything" "CPU 1, SPL high, interrupt depth 0, running"
  "::spin_for_ever\\+" ${cpu_2_idle})
pivot_smp_panic_test(top-half
  "panic: another one is in a top half" "CPU 1, SPL high, interrupt depth 1, running"
  "thread 'idle'" "::spin_for_ever\\+" "stuck_top_half" "pivot_secondary_main\\+[0-9]+, interrupted"
  ${cpu_2_idle})
pivot_smp_panic_test(masked
  "panic: another one is deaf" "CPU 1, SPL .*, did not stop within 1 s" ${cpu_2_idle})
pivot_smp_panic_test(at-once
  "panic: one of several" "CPU [0-3], SPL [a-z]*, interrupt depth 0\\r?$"
  "CPU [0-3], .*also panicked: one of several" "::panic_together"
  "CPU [0-3], .*also panicked: one of several" "CPU [0-3], .*also panicked: one of several")
pivot_smp_panic_test(overflow-thread
  "panic: stack overflow of thread 'digger'" "a stack's guard page" "::dig\\+"
  "CPU 1, SPL none, interrupt depth 0\\r?$" "thread 'digger', priority 10"
  "CPU 0, SPL .*, running" "thread 'main'" "pivot_main" ${cpu_2_idle})
pivot_smp_panic_test(overflow-interrupt
  "panic: stack overflow of the interrupt stack" "vector_sync_interrupt" "::dig\\+"
  "dig_top_half" "pivot_secondary_main\\+[0-9]+, interrupted" "CPU 1, SPL sched, interrupt depth 1"
  "thread 'idle'" "CPU 0, SPL .*, running" "thread 'main'" "pivot_main"
  ${cpu_2_idle})
