# Misuses that must not compile, each refused in the words that its file states, by the compiler of
# this build and by clang++ or g++, whichever else is there. Included for the host.
file(GLOB pivot_nocompile_cases CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/nocompile/*.cpp)

set(pivot_nocompile_with --compiler ${CMAKE_CXX_COMPILER} --include ${CMAKE_SOURCE_DIR}/arch/host)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  find_program(PIVOT_OTHER_COMPILER clang++)
else()
  find_program(PIVOT_OTHER_COMPILER g++)
endif()
if(PIVOT_OTHER_COMPILER)
  list(APPEND pivot_nocompile_with --compiler ${PIVOT_OTHER_COMPILER})
endif()

function(pivot_nocompile_test name)
  add_test(NAME nocompile.${name} COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/nocompile/check.py ${pivot_nocompile_with} ${ARGN})
  set_tests_properties(nocompile.${name} PROPERTIES LABELS nocompile TIMEOUT 60)
endfunction()

foreach(case ${pivot_nocompile_cases})
  get_filename_component(name ${case} NAME_WE)
  pivot_nocompile_test(${name} ${case})
endforeach()
pivot_nocompile_test(self_test --self-test)
