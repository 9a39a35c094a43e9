# The lock checker's rules, each broken once: reported before anything deadlocks, with both locks by
# name and the functions that took them. And once nothing of it. (faults.cmake: pivot_panic_test.)

pivot_image(t_lock_order FLAVOUR checked SOURCES tests/target/lock_order.cpp)
target_compile_options(t_lock_order_objects PRIVATE -fno-optimize-sibling-calls)

pivot_panic_test(t_lock_order two-orders
  "lock order: 'alpha' is taken while 'beta' is held: locks are taken in two orders"
  "'beta' was taken at" "::beta_then_alpha\\+" "::two_orders\\+" "image_main\\+"
  "'alpha' is taken at" "::beta_then_alpha\\+"
  "earlier, 'alpha' was taken at" "::alpha_then_beta\\+" "::two_orders\\+"
  "while it was held, 'beta' at" "::alpha_then_beta\\+"
  "panic: locks are taken in two orders \\('alpha' under 'beta'\\)"
  "held, newest first: 'beta'\\r?$")
pivot_panic_test(t_lock_order two-threads
  "lock order: 'inode' is taken while 'buffer' is held" "::buffer_then_inode\\+"
  "earlier, 'inode' was taken at" "::inode_then_buffer\\+"
  "panic: locks are taken in two orders \\('inode' under 'buffer'\\)" "thread 'other'")
pivot_panic_test(t_lock_order same-class
  "'tree' was taken at" "::two_of_a_class\\+" "'tree' is taken at" "::two_of_a_class\\+"
  "panic: two locks of one class are held, and not as nested \\('tree' under 'tree'\\)")
pivot_panic_test(t_lock_order lower-level
  "'top' was taken at" "::lower_level\\+" "'alpha' is taken at" "::lower_level\\+"
  "panic: a spin mutex is taken under one of a higher level \\('alpha' under 'top'\\)")
pivot_panic_test(t_lock_order lower-spl
  "the SPL is lowered below 'alpha' \\(level vm\\) while that is held" "'alpha' was taken at"
  "::lower_the_spl\\+" "the SPL is lowered at" "::lower_the_spl\\+"
  "panic: the SPL is lowered below a spin mutex that is held \\('alpha'\\)")
pivot_panic_test(t_lock_order irq-unsafe
  "'alpha' was taken at" "::lower_the_spl\\+" "the SPL is lowered at" "::lower_the_spl\\+"
  "a top half at vm, which is let in now, takes it at" "::take_alpha\\+"
  "panic: the SPL is lowered below a spin mutex that is held \\('alpha'\\)" "interrupt depth 1")
pivot_panic_test(t_lock_order strange-release
  "'alpha' is held by a thread and was taken at" "::strange_release\\+"
  "panic: a spin mutex is released by another thread or top half than took it \\(alpha\\)"
  "::release_alpha\\+" "interrupt depth 1")
pivot_panic_test(t_lock_order system-spl-last
  "'alpha' was taken at" "::system_spl_last\\+"
  "'system-wide SPL, softclock' is taken at" "::system_spl_last\\+"
  "panic: a spin mutex is taken under one of a higher level"
  "'system-wide SPL, softclock' under 'alpha'")
pivot_panic_test(t_lock_order lower-system-spl
  "the SPL is lowered below 'system-wide SPL, vm'" "was taken at" "::lower_system_spl\\+"
  "panic: the SPL is lowered below a spin mutex that is held")
pivot_panic_test(t_lock_order sleep-at-system-spl
  "'system-wide SPL, softnet' is held by a thread and was taken at" "::sleep_at_system_spl\\+"
  "panic: sleep while holding the system-wide SPL \\(system-wide SPL, softnet\\)")
pivot_target_test(t_lock_order_allowed IMAGE t_lock_order.elf
  ARGS --arg allowed --expect "[0-9]+ edges, 0 violations" --reject "lock order|panic")

# Data under different guards, and an SPL lowered below an outer guard's: with both places.
pivot_image(t_guarded FLAVOUR checked SOURCES tests/target/guarded.cpp)
target_compile_options(t_guarded_objects PRIVATE -fno-optimize-sibling-calls)
pivot_panic_test(t_guarded forgets
  "guards: 'uart ring' is touched with no guard in common: under nothing"
  "written by a top half at vm \\(line [0-9]+\\) on CPU 0, under its own SPL, vm, at"
  "::ring_top_half\\+" "and read by thread 'main' on CPU 0, under nothing, at"
  "::read_under_nothing\\+" "::forgets\\+"
  "panic: data is touched with no guard in common \\(uart ring\\)")
pivot_panic_test(t_guarded mixed
  "0 clashes on one CPU" "written by a top half at vm" "under spin lock 'uart' and its own SPL"
  "::mutex_top_half\\+" "::read_under_nothing\\+"
  "panic: data is touched with no guard in common \\(uart ring\\)")
pivot_panic_test(t_guarded lowers
  "a guard holds the SPL at vm at [0-9a-f]+ .*::lowers\\+"
  "it is lowered to none at [0-9a-f]+ .*::lower_to\\+"
  "panic: the SPL is lowered below what an outer guard has set \\(vm\\)")
pivot_target_test(t_guarded_allowed IMAGE t_guarded.elf
  ARGS --arg allowed --expect "6 written, 0 clashes" --reject "guards:|panic")

# lock_or_defer, and the line that it leaves active.
pivot_interrupt_test(deferral PLAIN PENDS_PPI SOURCES tests/target/deferral.cpp)
pivot_interrupt_test(deferral_shared PLAIN SOURCES tests/target/deferral_shared.cpp)
pivot_panic_test(t_deferral panic-on-defer
  "line 203 'port' cannot have 'port', owned by 'main', which does not run"
  "panic: a top half must defer \\(panic-on-defer\\) \\(port\\)" "::top_half"
  "interrupt depth 1")
pivot_image(t_deferral_smp FLAVOUR checked SOURCES tests/target/deferral_smp.cpp)
pivot_target_test(t_deferral_smp IMAGE t_deferral_smp.elf EXACT ARGS --smp 2
  --expect "^passed: deferral_smp")
pivot_image(t_deferral_torture FLAVOUR checked SOURCES tests/target/deferral_torture.cpp)
foreach(cpus 1 2 4)
  pivot_target_test(t_deferral_torture_${cpus} IMAGE t_deferral_torture.elf ARGS --smp ${cpus}
    --multi --expect "^passed: deferral_torture")
endforeach()
pivot_target_test(t_deferral_torture_4_exact IMAGE t_deferral_torture.elf EXACT ARGS --smp 4
  --expect "[1-9][0-9]* spun for" --expect "^passed: deferral_torture")
# The line's active state is the controller's, so these on both boards.
pivot_bug_test(early_deactivation TEXT "is_active" SOURCES tests/target/deferral.cpp)
pivot_bug_test(nothing_lent TEXT "priority" SOURCES tests/target/deferral.cpp)
