#!/usr/bin/env python3
"""The check of the stacks finds each mistake in mistakes.cpp, and nothing else there.

    tests/stack/mistakes.py build/qemu-virt/stack/stack_mistakes.objects
"""

import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
CHECK = Path(__file__).resolve().parent / "check.py"

# What is said of each, in the order of the report.
WANTED = (
    r"^ +\d+ of +4096  thread .*large_thread +stack_mistakes_stack  TOO SMALL$",
    r"^ +\d+ of +8192  bottom half, each level +g_bottom_half_stacks  TOO SMALL$",
    r"^ +\d+ of +16384  top halves: .* +pivot_interrupt_stack  TOO SMALL$",
    r"^  FAULT: a call through an unknown pointer in pivot::image_main, .*mistakes.cpp:\d+: ",
    r"^  FAULT: a frame without bound: pivot::\{anonymous\}::without_bound ",
    r"^  FAULT: recursion: (pivot::\{anonymous\}::recursion) -> \1$",
    r"^  FAULT: stack_mistake_entry is called from assembly, in which context ",
    r"^  FAULT: unknown function _ZN5pivot20not_defined_anywhereEv, called at ",
)


def main():
    done = subprocess.run([sys.executable, CHECK, *sys.argv[1:]], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)
    print(done.stdout, done.stderr)
    found = [line for line in done.stdout.splitlines() if re.search("FAULT|TOO SMALL", line)]
    missed = [pattern for pattern in WANTED
              if not any(re.search(pattern, line) for line in found)]
    strange = [line for line in found if not any(re.search(p, line) for p in WANTED)]
    for line in missed:
        print(f"FAILED: not found: {line}")
    for line in strange:
        print(f"FAILED: found, but no mistake: {line}")
    if done.returncode != 1:
        print(f"FAILED: status {done.returncode}")
    return 1 if missed or strange or done.returncode != 1 else 0


if __name__ == "__main__":
    sys.exit(main())
