"""The commands of ./pivot debug on an image in which top halves nest (t_nesting).

Not a unit test: it needs QEMU, gdb-multiarch and the image (tests/tools/target.cmake).
"""

import argparse
import re
import subprocess
import sys

from helper import ROOT

# Each command for gdb, and what must be printed next.
SCRIPT = (
    ("pivot-thread", r"the kernel has not come that far"),
    ("break irq_nested_handled", r"Breakpoint 1 at"),
    ("continue", r"Breakpoint 1, irq_nested_handled"),
    ("pivot-thread", r"^\w+ \(0xffffff80\w+\), priority \d+, .*interrupted in place$"),
    ("", r"^stack +\d+ of \d+ bytes in use"),
    ("", r"^SPL +(vm|sched|high); the controller holds off (vm|sched|high)$"),
    ("pivot-intstack", r"^[1-9]\d* of 16384 bytes in use"),
    ("", r"^[12] nested on the first level; innermost first:$"),
    ("", r"^  irq_nested_handled$"),
    ("", r"^  -- line \d+ interrupted \S+, whose SPL was (vm|sched)$"),
    ("", r"^  \S*probe_top_half\+\d+$"),
    ("", r"^  -- line \d+ interrupted thread \w+ in \S+, whose SPL was none$"),
    ("pivot-lines", r"^line +IPL +count +top half$"),
    ("", r"^ *\d+ +(vm|sched|high) +\d+  TopHalfEntry::run<\w+>$"),
    ("pivot-lines now", r"takes no argument"),
    # Last, one that works: gdb -batch ends with the status of its last command.
    ("pivot-thread", r"interrupted in place$"),
)
SESSION = """
import sys
sys.path.insert(0, sys.argv[1])
import debug
sys.exit(debug.session(sys.argv[2], sys.argv[3], sys.argv[4:], verbose=False))
"""


def transcript(board, image):
    words = [word for command, _ in SCRIPT if command for word in ("-ex", command)]
    done = subprocess.run([sys.executable, "-c", SESSION, ROOT / "qemu", board, image, "-batch",
                           *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          stdin=subprocess.DEVNULL, timeout=100, check=False)
    return done.returncode, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("image")
    args = parser.parse_args()
    status, text = transcript(args.board, args.image)
    print(text)
    at = 0
    for command, pattern in SCRIPT:
        found = re.compile(pattern, re.MULTILINE).search(text, at)
        if not found:
            print(f"FAILED: not printed next: /{pattern}/ (by {command or 'the same command'})")
            return 1
        at = found.end()
    return 0 if status == 0 else f"FAILED: gdb's status is {status}"


if __name__ == "__main__":
    sys.exit(main())
