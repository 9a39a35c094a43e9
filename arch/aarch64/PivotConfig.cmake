# find_package(Pivot), in an installed tree: pivot_add_image.
include("${CMAKE_CURRENT_LIST_DIR}/../../../share/pivot/arch/aarch64/add_image.cmake")
