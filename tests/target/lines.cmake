# Lines beyond one device and one top half: the rival models, shared lines, storms.
# (pivot_interrupt_test: interrupts.cmake, which comes first.)

pivot_interrupt_test(line_models PLAIN SOURCES tests/target/line_models.cpp)
pivot_interrupt_test(shared_lines PLAIN SOURCES tests/target/shared_lines.cpp)

pivot_image(t_moving_lines FLAVOUR checked SOURCES tests/target/moving_lines.cpp)
pivot_target_test(t_moving_lines IMAGE t_moving_lines.elf ARGS --smp 4 --multi --expect "^passed: ")
pivot_target_test(t_moving_lines_exact IMAGE t_moving_lines.elf EXACT ARGS --smp 2
  --expect "^passed: ")
pivot_interrupt_test(storms SOURCES tests/target/storms.cpp)
