# pivot_add_test(NAME t IMAGE i ...): a test of CTest's that boots an image of pivot_add_image under
# QEMU. It passes if the machine ends as it should and has printed what it should.
#
#   PROGRAM word      the image's PIVOT_PROGRAM of that name. It fails by PIVOT_CHECK, or by a panic
#   COMMANDS c ...    or: what is typed into the shell, a line each; then `halt`, unless STATUS is
#                     given. With neither the image boots, and that is all
#   ARGS word ...     more words of the command line
#   EXPECT regex ...  what must be printed, in this order (Python's expressions)
#   REJECT regex ...  what must not be printed
#   STATUS n          how the machine ends: 0 (without this), 1 a check failed, 3 a panic
#   SMP n             how many CPUs; without it as many as PIVOT_SMP in the environment says, or 1
#   TIMEOUT s         seconds until it has failed (400)
#   EXACT             an instruction is a nanosecond: the same figures in every run
#
# pivot_add_injection(NAME t IMAGE i [OPERATIONS op ...] [SMP n]): the same of `pivot inject`: an
# interrupt at every instruction of these operations, or of all, and no invariant broken. Honours
# GTEST_SHARD_INDEX and GTEST_TOTAL_SHARDS; its file is in inject/t/ (docs/injection.md).
#
# pivot_add_stacks(NAME t IMAGE i [POINTERS file line to ...]): the same of `pivot stacks`: the
# deepest path of every context fits its stack (docs/testing.md). POINTERS, in threes: in the file
# `file`, a call through a pointer in a line like `line` leads to functions like `to` (expressions).
# Nothing boots.
#
# Who: a project's CMakeLists.txt, after enable_testing() and the pivot_add_image of the image.
include_guard(GLOBAL)

# What all of them must be given; sets arg_..., `board` and `tool`, the folder of the runner.
macro(pivot_parse_test function flags one many)
  cmake_parse_arguments(PARSE_ARGV 0 arg "${flags}" "NAME;IMAGE;${one}" "${many}")
  set(said "${function}(${arg_NAME})")
  if(NOT arg_NAME OR NOT arg_IMAGE)
    message(FATAL_ERROR "${said}: a test has a NAME and an IMAGE")
  elseif(arg_UNPARSED_ARGUMENTS)
    list(GET arg_UNPARSED_ARGUMENTS 0 word)
    set(known NAME IMAGE ${one} ${many} ${flags})
    list(JOIN known ", " known)
    message(FATAL_ERROR "${said}: no option is named '${word}': there are ${known}")
  elseif(arg_KEYWORDS_MISSING_VALUES)
    message(FATAL_ERROR "${said}: nothing stands behind ${arg_KEYWORDS_MISSING_VALUES}")
  elseif(NOT CMAKE_TESTING_ENABLED AND NOT DEFINED BUILD_TESTING)
    message(FATAL_ERROR "${said}: enable_testing() must come first, in the project's topmost "
      "CMakeLists.txt")
  endif()
  set(board "")
  if(TARGET ${arg_IMAGE})
    get_target_property(board ${arg_IMAGE} PIVOT_BOARD)
  endif()
  if(NOT board)
    message(FATAL_ERROR "${said}: no image is named '${arg_IMAGE}': pivot_add_image comes first")
  endif()
  get_filename_component(tool "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../../qemu" ABSOLUTE)
  find_package(Python3 3.10 REQUIRED COMPONENTS Interpreter)
  # Of two expressions it would make one, which nothing matches: a REJECT that cannot fail.
  foreach(list ${many})
    string(REGEX REPLACE "[^[]" "" opened "${arg_${list}}")
    string(REGEX REPLACE "[^]]" "" closed "${arg_${list}}")
    string(LENGTH "${opened}" opened)
    string(LENGTH "${closed}" closed)
    if(NOT opened EQUAL closed)
      message(FATAL_ERROR "${said}: CMake takes what stands behind a bracket without its other one "
        "for one word with it: write \\x5b or \\x5d")
    endif()
  endforeach()
endmacro()

function(pivot_add_test)
  pivot_parse_test(pivot_add_test EXACT "PROGRAM;STATUS;SMP;TIMEOUT" "ARGS;COMMANDS;EXPECT;REJECT")
  foreach(number STATUS TIMEOUT)
    if(DEFINED arg_${number} AND NOT arg_${number} MATCHES "^[0-9]+$")
      message(FATAL_ERROR "${said}: ${number} is a number, not '${arg_${number}}'")
    endif()
  endforeach()
  set(words --board ${board})
  if(arg_EXACT)
    list(APPEND words --exact)
  endif()
  if(DEFINED arg_SMP)
    list(APPEND words --smp ${arg_SMP})
  endif()
  if(NOT DEFINED arg_TIMEOUT)
    set(arg_TIMEOUT 400)
  endif()
  if(DEFINED arg_PROGRAM)
    if(DEFINED arg_COMMANDS)
      message(FATAL_ERROR "${said}: PROGRAM or COMMANDS: a program runs instead of the shell")
    endif()
    list(PREPEND arg_ARGS ${arg_PROGRAM} program-only)
  elseif(NOT DEFINED arg_STATUS)
    list(APPEND arg_COMMANDS halt)
  endif()
  if(NOT DEFINED arg_STATUS)
    set(arg_STATUS 0)
  endif()
  set(arg_ARG ${arg_ARGS})
  foreach(option ARG EXPECT REJECT)
    string(TOLOWER ${option} lower)
    foreach(one IN LISTS arg_${option})
      string(REPLACE ";" "\\;" one "${one}")
      list(APPEND words "--${lower}=${one}")
    endforeach()
  endforeach()
  foreach(command IN LISTS arg_COMMANDS)
    string(REPLACE "\\" "\\\\" command "${command}")
    list(APPEND words --send "pivot> " "${command}\\n")
  endforeach()
  add_test(NAME ${arg_NAME} COMMAND Python3::Interpreter ${tool}/run.py
    $<TARGET_FILE:${arg_IMAGE}> ${words} --expect-status ${arg_STATUS} --timeout ${arg_TIMEOUT})
  # The runner's limit comes first: it says how far the image has come.
  math(EXPR limit "${arg_TIMEOUT} + 30")
  set_tests_properties(${arg_NAME} PROPERTIES TIMEOUT ${limit})
endfunction()

function(pivot_add_injection)
  pivot_parse_test(pivot_add_injection "" SMP OPERATIONS)
  set(words "")
  foreach(operation IN LISTS arg_OPERATIONS)
    list(APPEND words --op ${operation})
  endforeach()
  if(DEFINED arg_SMP)
    list(APPEND words --smp ${arg_SMP})
  endif()
  add_test(NAME ${arg_NAME} COMMAND Python3::Interpreter ${tool}/sdk.py inject
    $<TARGET_FILE:${arg_IMAGE}> --out ${CMAKE_CURRENT_BINARY_DIR}/inject/${arg_NAME} ${words})
endfunction()

function(pivot_add_stacks)
  pivot_parse_test(pivot_add_stacks "" "" POINTERS)
  set(words "")
  list(LENGTH arg_POINTERS count)
  while(arg_POINTERS)
    if(count LESS 3)
      message(FATAL_ERROR "${said}: POINTERS are threes: file, line and to")
    endif()
    list(POP_FRONT arg_POINTERS file line to)
    list(APPEND words --pointer "${file}" "${line}" "${to}")
    list(LENGTH arg_POINTERS count)
  endwhile()
  add_test(NAME ${arg_NAME} COMMAND Python3::Interpreter ${tool}/sdk.py stacks
    $<TARGET_FILE:${arg_IMAGE}> ${words})
endfunction()
