# Tests of ./pivot and of the Python in qemu/, on stand-ins for QEMU and CMake. Included for the
# host.
file(GLOB pivot_tool_tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/tools/test_*.py)
foreach(test ${pivot_tool_tests})
  get_filename_component(name ${test} NAME_WE)
  string(REPLACE "test_" "tools." name ${name})
  add_test(NAME ${name} COMMAND Python3::Interpreter ${test})
  set_tests_properties(${name} PROPERTIES LABELS unit TIMEOUT 120)
endforeach()
