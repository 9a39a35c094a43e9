# What holds for the tree as it is written, whatever is built from it. Included for the host.
function(pivot_tree_test name)
  add_test(NAME ${name} COMMAND Python3::Interpreter ${ARGN})
  set_tests_properties(${name} PROPERTIES LABELS layering TIMEOUT 120)
endfunction()

set(pivot_tests ${CMAKE_SOURCE_DIR}/tests)
pivot_tree_test(layering.tree ${pivot_tests}/layering/check.py)
pivot_tree_test(layering.self_test ${pivot_tests}/layering/check.py --self-test)

pivot_tree_test(format.tree ${pivot_tests}/format/check.py)
pivot_tree_test(format.clang_format ${pivot_tests}/format/check.py --clang-format)
pivot_tree_test(format.self_test ${pivot_tests}/format/check.py --self-test)
pivot_tree_test(format.clang_tidy ${pivot_tests}/format/tidy.py)
pivot_tree_test(format.clang_tidy_self_test ${pivot_tests}/format/tidy.py --self-test)
# Without the one version of clang's tools that decides, there is nothing to hold the tree to.
set_tests_properties(format.clang_format format.clang_tidy format.clang_tidy_self_test
  PROPERTIES SKIP_RETURN_CODE 77)
# It takes 40 s where nothing else runs: its limit is for a hang, not for a busy machine.
set_tests_properties(format.clang_tidy PROPERTIES TIMEOUT 600)
