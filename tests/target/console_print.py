#!/usr/bin/env python3
"""Every line that an image prints through the console arrives, once and in order.

    tests/target/console_print.py --board qemu-virt build/qemu-virt/images/t_console_print.elf

The image is t_console_print; or t_console_panic, whose lines are followed by its panic; or
t_console_nested, which panics in the middle of its lines.
"""

import argparse
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from console_link import Link, LinkError  # noqa: E402

# image: where its lines say that they come from, what follows them, QEMU's exit status
IMAGES = {
    "t_console_print": (("a polled console", "a thread", "a bottom half", "SPL vm",
                         "under a spin mutex", "SPL high"), r"$", 0),
    "t_console_panic": (("SPL high, then a panic",), r"panic: the ring was full", 3),
    "t_console_nested": (("a thread", "a thread that panics"), r"panic: print was interrupted", 3),
}
LINES = 200
FOX = "the quick brown fox jumps over the lazy dog"


def wrong(text, places, rest_pattern):
    """What is wrong with the output, or None."""
    wanted = "".join(f"{i:6} from {places[i // LINES]:24} {FOX}\n"
                     for i in range(LINES * len(places)))
    panic = text.find("panic: ")
    lines, rest = (text, "") if panic < 0 else (text[:panic], text[panic:])
    if "interrupted" in rest_pattern:
        if not lines:
            return "nothing was printed before the panic"
        wanted = wanted[:len(lines)]
    for i, (got, want) in enumerate(zip(lines.splitlines(), wanted.splitlines())):
        if got != want:
            return f"line {i} is {got!r}, expected {want!r}"
    if lines != wanted:
        return f"{len(lines)} characters, expected {len(wanted)}"
    return None if re.match(rest_pattern, rest) else f"after the lines: {rest[:200]!r}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--board", required=True)
    args = parser.parse_args()
    places, rest, expected_status = IMAGES[args.image.stem]
    with Link(args.board, args.image, timeout=200) as link:
        status = link.status()
        text = link.output.decode().replace("\r", "")
    failure = wrong(text, places, rest)
    if failure is None and status != expected_status:
        failure = f"QEMU's exit status is {status}, expected {expected_status}"
    if failure is not None:
        print(f"FAILED: {failure}", file=sys.stderr)
        return 1
    print("all lines, once each and in order")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LinkError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
