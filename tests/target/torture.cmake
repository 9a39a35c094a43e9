# Adaptive mutexes and what they lend, on one CPU and on several.
pivot_image(t_inheritance FLAVOUR checked SOURCES tests/target/inheritance.cpp)
foreach(cpus 1 2 4)
  pivot_target_test(t_inheritance_${cpus} IMAGE t_inheritance.elf EXACT
    ARGS --smp ${cpus} --expect "inheritance on ${cpus} CPUs" --expect "passed: inheritance")
endforeach()

# Torture, with every CPU on a thread of the host's own: real races. The broken lock is the control.
pivot_image(t_torture FLAVOUR checked SOURCES tests/target/torture.cpp)
pivot_image(t_torture_release FLAVOUR release SOURCES tests/target/torture.cpp)
foreach(cpus 2 4)
  pivot_target_test(t_torture_${cpus} IMAGE t_torture_release.elf
    ARGS --smp ${cpus} --multi --expect "passed: torture")
endforeach()
pivot_target_test(t_torture_checked IMAGE t_torture.elf
  ARGS --smp 4 --multi --expect "passed: torture")
# Exact: the CPUs take turns at every pause. A busy host may execute one after the other, and then
# nobody is in anybody's way.
pivot_target_test(t_torture_broken IMAGE t_torture_release.elf EXACT
  ARGS --smp 4 --arg torture --arg broken --expect "convicts a broken lock")
pivot_target_test(t_torture_calls IMAGE t_torture.elf
  ARGS --smp 8 --multi --arg torture --arg calls --expect "passed: call storm")
pivot_target_test(t_torture_churn IMAGE t_torture.elf
  ARGS --smp 4 --multi --arg torture --arg churn --expect "passed: thread churn")
# Of the locks with four CPUs: eight that wait in turn for a spin mutex, on a host of two cores,
# hand it over 160 times a second, for a FIFO lock needs its next owner to run.
foreach(long "locks;4" "calls;8" "churn;8")
  list(POP_FRONT long what)
  pivot_target_test(t_torture_${what}_long IMAGE t_torture_release.elf
    ARGS --full-only --smp ${long} --multi --arg torture --arg ${what} --arg long --expect "passed:"
    --timeout 600)
  set_tests_properties(t_torture_${what}_long PROPERTIES TIMEOUT 620)
endforeach()

# Continuations that several CPUs schedule on each other and take back.
pivot_image(t_continuations_smp FLAVOUR checked SOURCES tests/target/continuations_smp.cpp)
pivot_target_test(t_continuations_smp_2 IMAGE t_continuations_smp.elf EXACT
  ARGS --smp 2 --expect "passed: ")
pivot_target_test(t_continuations_smp_4 IMAGE t_continuations_smp.elf
  ARGS --smp 4 --multi --expect "passed: ")
