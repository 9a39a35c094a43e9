# The cross compiler for AArch64: the first of the three usual names that is installed.
#
# A bare-metal one (aarch64-none-elf-) comes first because its headers promise no operating system.
# Debian's aarch64-linux-gnu- builds the same freestanding kernel and is the one that apt offers;
# aarch64-elf- is what some other distributions call the bare-metal one.
# -DPIVOT_CROSS_PREFIX=/opt/x/bin/aarch64-none-elf- names another.

set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR aarch64)

# There is no C library to link a trial program against, so CMake's checks stop at an archive.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# The checks read this file again in a project of their own: they must find the same compiler.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES PIVOT_CROSS_PREFIX)

if(NOT PIVOT_CROSS_PREFIX)
  foreach(prefix aarch64-none-elf- aarch64-linux-gnu- aarch64-elf-)
    find_program(pivot_cross_gxx ${prefix}g++ NO_CACHE)
    if(pivot_cross_gxx)
      string(REGEX REPLACE "g\\+\\+$" "" found_prefix "${pivot_cross_gxx}")
      set(PIVOT_CROSS_PREFIX "${found_prefix}" CACHE STRING "Path and prefix of the cross tools")
      break()
    endif()
  endforeach()
endif()

if(NOT PIVOT_CROSS_PREFIX)
  message(FATAL_ERROR
    "No cross compiler for AArch64: looked for aarch64-none-elf-g++, aarch64-linux-gnu-g++ and "
    "aarch64-elf-g++ in PATH. On Debian and Ubuntu: apt-get install g++-aarch64-linux-gnu")
endif()

set(CMAKE_C_COMPILER "${PIVOT_CROSS_PREFIX}gcc")
set(CMAKE_CXX_COMPILER "${PIVOT_CROSS_PREFIX}g++")
set(CMAKE_ASM_COMPILER "${PIVOT_CROSS_PREFIX}gcc")
set(CMAKE_OBJCOPY "${PIVOT_CROSS_PREFIX}objcopy" CACHE FILEPATH "")
set(CMAKE_OBJDUMP "${PIVOT_CROSS_PREFIX}objdump" CACHE FILEPATH "")
set(CMAKE_NM "${PIVOT_CROSS_PREFIX}nm" CACHE FILEPATH "")
set(CMAKE_SIZE "${PIVOT_CROSS_PREFIX}size" CACHE FILEPATH "")

# Programs (Python, clang-format) are the build machine's; libraries and headers never are.
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
