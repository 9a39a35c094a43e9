# Boot: every exception level of entry, both file formats, more CPUs than are used, and firmware.
pivot_image(t_boot FLAVOUR checked SOURCES tests/target/boot.cpp)

# pivot_boot_test(name el elf|img run.py's options ...): entered at that level, all checks hold.
function(pivot_boot_test name el format)
  pivot_target_test(t_boot_${name}_${format} IMAGE t_boot.${format}
    ARGS ${ARGN}
    --expect "boot: ${PIVOT_BOARD}, entered at EL${el}," --expect "checks, 0 failed"
    --reject "FAILED")
endfunction()

set(el2 --machine-opt virtualization=on)
set(el3 --machine-opt secure=on)
pivot_boot_test(el1 1 elf)
pivot_boot_test(el2 2 elf ${el2})
pivot_boot_test(el3 3 elf ${el3})
pivot_boot_test(el3_el2 3 elf ${el3} ${el2})
# QEMU is the boot loader of an Image: it leaves EL3 itself.
pivot_boot_test(el1 1 img)
pivot_boot_test(el2 2 img ${el2})
pivot_boot_test(el3 1 img ${el3})
pivot_boot_test(el3_el2 2 img ${el3} ${el2})

# U-Boot's booti: Debian's package u-boot-qemu.
find_file(PIVOT_UBOOT u-boot.bin PATHS /usr/lib/u-boot/qemu_arm64 NO_DEFAULT_PATH)
foreach(el 1 2)
  set(level)
  if(el EQUAL 2)
    set(level ${el2})
  endif()
  pivot_boot_test(uboot_el${el} ${el} img ${level} --bios /usr/lib/u-boot/qemu_arm64/u-boot.bin
    --send "stop autoboot" "\\n" --send "=> " "booti 0x42000000 - \${fdtcontroladdr}\\n")
  if(NOT PIVOT_UBOOT)
    message(STATUS "U-Boot is not installed (u-boot-qemu): no boot under firmware is tested")
    set_tests_properties(t_boot_uboot_el${el}_img PROPERTIES DISABLED ON)
  endif()
endforeach()

foreach(check parked dirty)
  add_test(NAME t_boot_${check} COMMAND Python3::Interpreter
    ${CMAKE_SOURCE_DIR}/tests/target/boot_check.py --board ${PIVOT_BOARD} --nm ${CMAKE_NM}
    ${CMAKE_BINARY_DIR}/images/t_boot.elf ${check})
  set_tests_properties(t_boot_${check} PROPERTIES LABELS target TIMEOUT 120)
endforeach()

# No code runs before pivot_main: an image with a constructor does not link, without it it does.
function(pivot_constructor_test name)
  add_test(NAME t_boot_${name} COMMAND ${CMAKE_CXX_COMPILER} ${PIVOT_TARGET_OPTIONS}
    ${PIVOT_TARGET_CXX_OPTIONS} -std=c++20 ${ARGN} ${CMAKE_SOURCE_DIR}/tests/target/constructor.cpp
    -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,max-page-size=4096
    -Wl,--no-warn-rwx-segments -Wl,--defsym=LOAD_ADDRESS=${PIVOT_LOAD_ADDRESS}
    -T ${CMAKE_SOURCE_DIR}/arch/aarch64/link.ld -o ${CMAKE_BINARY_DIR}/symbols/${name}.elf)
  set_tests_properties(t_boot_${name} PROPERTIES LABELS target)
endfunction()

pivot_constructor_test(constinit)
pivot_constructor_test(constructor -DMISTAKE)
set_tests_properties(t_boot_constructor PROPERTIES
  PASS_REGULAR_EXPRESSION "a global needs a constructor at boot: make it constinit")
