# The image `pivot`: the kernel and its shell. The list is also for images that test it.
include_guard(GLOBAL)

set(PIVOT_SHELL_SOURCES
  kern/pivot/bench.cpp
  kern/pivot/cpus.cpp
  kern/pivot/deferrals.cpp
  kern/pivot/image.cpp
  kern/pivot/irq.cpp
  kern/pivot/machine.cpp
  kern/pivot/timers.cpp
  kern/pivot/trace_command.cpp
  kern/shell/inspect.cpp
  kern/shell/line_editor.cpp
  kern/shell/lock_order.cpp
  kern/shell/lock_statistics.cpp
  kern/shell/shell.cpp
  kern/shell/words.cpp
)
pivot_image(pivot FLAVOUR release SOURCES ${PIVOT_SHELL_SOURCES})
