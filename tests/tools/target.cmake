# gdb's commands know names of the kernel (qemu/gdb/pivot.py), so they are tried on one. ./pivot
# test does not install a debugger; where one is there, they are tested.
find_program(PIVOT_GDB gdb-multiarch)
if(PIVOT_GDB)
  add_test(NAME gdb_commands COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/tools/gdb_commands.py
    --board ${PIVOT_BOARD} ${CMAKE_BINARY_DIR}/images/t_nesting.elf)
  set_tests_properties(gdb_commands PROPERTIES LABELS target TIMEOUT 120)
endif()
