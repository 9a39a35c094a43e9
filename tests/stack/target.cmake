# The most that each context can use of its stack, from the call graphs that the compiler writes.

set(lists)
foreach(image_and_flavour pivot:release t_pivot_checked:checked bench:release inject:release
    many:release cpus:release inject_checked:checked pivot_traced:traced bench_traced:traced
    trace:traced)
  string(REPLACE ":" ";" words ${image_and_flavour})
  pivot_list_objects(${words} ${CMAKE_BINARY_DIR}/stack)
  list(GET words 0 image)
  list(APPEND lists ${CMAKE_BINARY_DIR}/stack/${image}.objects)
endforeach()
add_test(NAME stack_of_every_context COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tests/stack/check.py ${lists})

# A switch of a traced kernel puts more on the stack that it leaves, in assembly (switch.S): the
# paths have it.
add_test(NAME stack_has_a_traced_switch COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tests/stack/check.py --paths ${CMAKE_BINARY_DIR}/stack/pivot_traced.objects)
set_tests_properties(stack_has_a_traced_switch PROPERTIES PASS_REGULAR_EXPRESSION
  " 96  pivot_switch_threads\n +144  pivot_trace_switch\n +[0-9]+  pivot_trace_current\n")

# Every kind of mistake, in an image that is never linked: the check must find each.
add_library(stack_mistakes_objects OBJECT tests/stack/mistakes.cpp tests/stack/mistakes.S)
target_link_libraries(stack_mistakes_objects PRIVATE kernel_release)
pivot_list_objects(stack_mistakes release ${CMAKE_BINARY_DIR}/stack)
add_test(NAME stack_mistakes_are_found COMMAND Python3::Interpreter
  ${CMAKE_SOURCE_DIR}/tests/stack/mistakes.py ${CMAKE_BINARY_DIR}/stack/stack_mistakes.objects)

set_tests_properties(stack_of_every_context stack_has_a_traced_switch stack_mistakes_are_found
  PROPERTIES LABELS target TIMEOUT 60)
