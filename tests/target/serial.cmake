# The serial driver on a device that loses bytes by the clock.
pivot_image(t_overrun FLAVOUR checked SOURCES tests/target/overrun.cpp)
pivot_target_test(t_overrun IMAGE t_overrun.elf EXACT ARGS --smp 1
  --expect "^modelled: bytes lost: .* SPL vm, by spin mutex 'books', CPU 0, thread 'main'"
  --expect "^  came at .* pivot::settle_the_books"
  --expect "^  let in at .* pivot::settle_the_books"
  --expect "^passed: ")
