# The example project as a user would build it: from an installed copy, and within its own build.
add_test(NAME sdk_as_a_user_would COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tests/sdk/check.py --board ${PIVOT_BOARD} --build ${CMAKE_BINARY_DIR})
set_tests_properties(sdk_as_a_user_would PROPERTIES LABELS target TIMEOUT 300)
