# The console and the shell on it: printing from everywhere, a session with every command, a flood.
# pivot_console_test(name image [COMMAND ...]): COMMAND stands before the test's.
function(pivot_console_test name image)
  add_test(NAME ${name}_${image} COMMAND ${ARGN} ${Python3_EXECUTABLE}
    ${CMAKE_SOURCE_DIR}/tests/target/${name}.py
    --board ${PIVOT_BOARD} ${CMAKE_BINARY_DIR}/images/${image}.elf)
  set_tests_properties(${name}_${image} PROPERTIES LABELS target TIMEOUT 420
    SKIP_RETURN_CODE 77)
endfunction()

foreach(test print panic nested)
  pivot_image(t_console_${test} FLAVOUR checked SOURCES tests/target/console_${test}.cpp)
  pivot_console_test(console_print t_console_${test})
endforeach()


# The shell with every run-time assert, too. What is run is what is flooded.
pivot_image(t_pivot_checked FLAVOUR checked SOURCES ${PIVOT_SHELL_SOURCES})
# A part of a function under a name of its own is unknown to the check of stacks.
target_compile_options(t_pivot_checked_objects PRIVATE -fno-partial-inlining)
pivot_console_test(console_session pivot)
pivot_console_test(console_session t_pivot_checked)
pivot_console_test(console_flood pivot ${PIVOT_ONCE})
