# The example project as a user would build it: from an installed copy, and within its own build.
# Each run has both boards in it: one by the installed copy, the other by add_subdirectory.
add_test(NAME sdk_as_a_user_would COMMAND ${PIVOT_ONCE} ${Python3_EXECUTABLE}
  ${CMAKE_SOURCE_DIR}/tests/sdk/check.py --board ${PIVOT_BOARD} --build ${CMAKE_BINARY_DIR})
set_tests_properties(sdk_as_a_user_would PROPERTIES LABELS target TIMEOUT 900
  SKIP_RETURN_CODE 77)
