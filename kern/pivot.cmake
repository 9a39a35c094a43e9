# The image `pivot`: the kernel and its shell (arch/aarch64/images.cmake has the sources).
pivot_image(pivot FLAVOUR release SOURCES ${PIVOT_SHELL_SOURCES})
