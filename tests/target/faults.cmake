# Each kind of fault, and each broken rule that only run time can see, ends in a panic that says so:
# in words, with the function at fault in the backtrace, and with exit status 3.
pivot_image(t_fault FLAVOUR release
  SOURCES tests/target/faults.cpp tests/target/fiq_gicv${PIVOT_GIC}.cpp)
pivot_image(t_assert FLAVOUR checked SOURCES tests/target/asserts.cpp)
foreach(image t_fault t_assert)  # a function that ends in a jump to another is in no backtrace
  target_compile_options(${image}_objects PRIVATE -fno-optimize-sibling-calls)
endforeach()

# pivot_panic_test(image argument text ...): the texts must be printed in this order.
function(pivot_panic_test image argument)
  set(expectations)
  foreach(text ${ARGN})
    list(APPEND expectations --expect ${text})
  endforeach()
  pivot_target_test(${image}_${argument} IMAGE ${image}.elf
    ARGS --arg ${argument} --expect-status 3 ${expectations})
endfunction()

set(in_thread "interrupt depth 0" "thread 'main', priority 8" "held, newest first: none")

pivot_panic_test(t_fault thread-stack
  "panic: stack overflow of thread 'digger'" "data abort: translation fault, level 3"
  "a stack's guard page" "backtrace:\\s+[0-9a-f]+ [a-z:]+::dig\\+" "and [0-9]+ more of the same"
  "::dig_thread\\+|ThreadStart::run" "interrupt depth 0" "thread 'digger'")
pivot_panic_test(t_fault interrupt-stack
  "panic: stack overflow of the interrupt stack" "vector_sync_interrupt"
  "backtrace:\\s+[0-9a-f]+ [a-z:]+::dig\\+"
  "more of the same" "dig_top_half" "interrupt_with.*interrupted by the above" "pivot_main\\+"
  "interrupt depth 1"
  "thread 'main'")
pivot_panic_test(t_fault foreign-guard
  "panic: access to the guard page below the stack of nobody" "::write_to\\+" ${in_thread})
pivot_panic_test(t_fault null-read
  "panic: read through a null pointer" "vector_sync_thread: data abort: translation fault"
  "at 0000000000000010" "backtrace:" "::read_from\\+" "::image_main\\+" "pivot_main\\+"
  ${in_thread})
pivot_panic_test(t_fault null-write
  "panic: write through a null pointer" "::write_to\\+" "pivot_main\\+" ${in_thread})
pivot_panic_test(t_fault null-call
  "panic: call through a null pointer" "instruction abort" "backtrace:" "  0000000000000000\\r?$"
  "::call_at\\+" "pivot_main\\+" ${in_thread})
# Through interrupts: the top half (a leaf), the code that it interrupted, and that one's callers.
pivot_panic_test(t_fault null-top-half
  "panic: read through a null pointer" "vector_sync_interrupt" "::read_from\\+" "null_top_half"
  "::interrupt_with.*interrupted by the above"
  "pivot_main\\+" "SPL vm, interrupt depth 1" "thread 'main'")
pivot_panic_test(t_fault null-bottom-half
  "panic: read through a null pointer" "vector_sync_thread" "::read_from\\+" "null_bottom_half"
  "interrupted by the above" "pivot_main\\+" "SPL softbio, interrupt depth 0" "thread 'softbio'")
# The same where the interrupt does not lead straight into the bottom half (vectors.S: general).
pivot_panic_test(t_fault raised-bottom-half
  "panic: read through a null pointer" "vector_sync_thread" "::read_from\\+" "null_bottom_half"
  "attend_pass\\+" "interrupt_with.*interrupted by the above" "pivot_main\\+"
  "SPL softbio, interrupt depth 0" "thread 'softbio'")
pivot_panic_test(t_fault nested
  "panic: two deep" "second_top_half" "first_top_half.*interrupted by the above"
  "interrupt_with.*interrupted by the above" "image_main\\+" "pivot_main\\+"
  "SPL high, interrupt depth 2" "thread 'main'")
pivot_panic_test(t_fault stray-write
  "panic: write to unmapped memory" "at ffffffa012345678 \\(nothing\\)" "::write_to\\+"
  ${in_thread})
pivot_panic_test(t_fault lower-half-read
  "panic: read of unmapped memory" "translation fault, level 0" "::read_from\\+" ${in_thread})
pivot_panic_test(t_fault write-text
  "panic: write to read-only memory" "permission fault" "\\(.text\\)" "::write_to\\+" ${in_thread})
pivot_panic_test(t_fault write-rodata
  "panic: write to read-only memory" "permission fault" "\\(.rodata\\)" "::write_to\\+"
  ${in_thread})
pivot_panic_test(t_fault run-data
  "panic: execution of data" "instruction abort: permission fault" "\\(data\\)" "::call_at\\+"
  ${in_thread})
pivot_panic_test(t_fault run-device
  "panic: execution of device memory" "instruction abort: permission fault" "\\(devices\\)"
  "::call_at\\+" ${in_thread})
pivot_panic_test(t_fault run-unaligned
  "panic: misaligned program counter" "PC alignment fault" "::call_at\\+" ${in_thread})
pivot_panic_test(t_fault read-no-device
  "panic: read that no device answered" "synchronous external abort" "::read_from\\+" ${in_thread})
pivot_panic_test(t_fault misaligned
  "panic: misaligned read" "alignment fault" "::read_exclusively\\+" ${in_thread})
pivot_panic_test(t_fault undefined
  "panic: undefined instruction" "unknown reason" "backtrace:" "_FUN\\+" ${in_thread})
pivot_panic_test(t_fault brk
  "panic: BRK instruction" "BRK instruction #1000" "_FUN\\+" ${in_thread})
pivot_panic_test(t_fault fp
  "panic: use of FP or SIMD registers, which the kernel does not save" "_FUN\\+" ${in_thread})
pivot_panic_test(t_fault serror
  "panic: SError" "vector_serror_thread: SError interrupt" "::serror\\+" ${in_thread})
pivot_panic_test(t_fault fiq
  "panic: unexpected FIQ" "vector_fiq_thread" "::fiq\\+|spin_for_a_second" ${in_thread})
pivot_panic_test(t_fault within
  "panic: the first of two" "panic within the panic: read through a null pointer")
pivot_panic_test(t_fault panic
  "panic: on purpose \\(from a test\\)" "backtrace:" "_FUN\\+" "image_main\\+" "pivot_main\\+"
  ${in_thread})

pivot_panic_test(t_assert sleep-in-top-half
  "panic: a top half may not block \\(sleep\\)" "::sleep_a_little\\+" "sleeping_top_half"
  "interrupted by the above" "interrupt depth 1")
pivot_panic_test(t_assert sleep-under-spin
  "panic: sleep while holding a spin mutex \\(inner\\)" "::sleep_a_little\\+"
  "::sleep_under_a_spin_mutex\\+" "SPL sched" "held, newest first: 'inner' 'outer'")
pivot_panic_test(t_assert wait-under-spin
  "panic: sleep while holding a spin mutex \\(outer\\)" "::wait_under_a_spin_mutex\\+"
  "held, newest first: 'outer'\\r?$")
pivot_panic_test(t_assert sleep-at-raised-spl
  "panic: sleep with the SPL raised \\(sleep\\)" "::sleep_at_a_raised_spl\\+" "SPL vm")
pivot_panic_test(t_assert unlock-as-stranger
  "panic: an adaptive mutex is unlocked by a thread that does not own it \\(the-adaptive-one\\)"
  "::unlock_as_a_stranger\\+" "thread 'main'")
pivot_panic_test(t_assert spin-twice
  "panic: a spin mutex is taken twice by its CPU \\(inner\\)" "::spin_twice\\+"
  "held, newest first: 'inner'\\r?$")
pivot_panic_test(t_assert unlock-free-spin
  "panic: a spin mutex is not held by this CPU \\(inner\\)" "::unlock_a_free_spin_mutex\\+")
pivot_panic_test(t_assert adaptive-twice
  "panic: an adaptive mutex is locked again by its owner \\(the-adaptive-one\\)"
  "::adaptive_twice\\+")
pivot_panic_test(t_assert raise-by-splx "panic: splx raises the SPL" "::raise_by_splx\\+")
pivot_panic_test(t_assert sleep-at-soft-spl
  "panic: sleep with the SPL raised \\(the-semaphore\\)" "::sleep_at_a_soft_spl\\+" "SPL softclock")
pivot_panic_test(t_assert softclock-blocks
  "panic: a softclock continuation blocks" "wait_in_softclock" "softclock_blocks")
pivot_panic_test(t_assert yield-under-spin
  "panic: sleep while holding a spin mutex \\(inner\\)" "::yield_under_a_spin_mutex\\+")
pivot_panic_test(t_assert spin-below-spl
  "panic: a spin mutex is taken below the SPL \\(low\\)" "take_low")
pivot_panic_test(t_assert top-half-lowers
  "panic: a top half lowers the SPL below its own level" "lower_in_a_top_half")
