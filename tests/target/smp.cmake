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
