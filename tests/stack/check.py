#!/usr/bin/env python3
"""The most that each context can use of its stack, and whether that fits.

    tests/stack/check.py build/qemu-virt/stack/pivot.objects ...

Each argument lists the objects of one image. Their call graphs (callgraph.py), what assembly and
pointers add (rules.py) and the contexts with their stacks (contexts.py) give the table. It is an
upper bound: every path counts, whether the values allow it or not. Sizes are those of the objects.

Exit status: 0 everything fits, 1 something does not or cannot be told, 2 the command cannot work.
"""

import argparse
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "qemu"), str(Path(__file__).resolve().parent)]

import callgraph  # noqa: E402
import elf  # noqa: E402
import rules  # noqa: E402
from contexts import Contexts  # noqa: E402


def print_use(use, paths):
    verdict = "" if use.fits() else "  TOO SMALL"
    stack = callgraph.last_name(use.stack)
    print(f"  {use.bytes:6} of {use.size:6}  {use.context:44.44}  {stack}{verdict}")
    if paths or not use.fits():
        for what, path in use.parts:
            print(f"        {what}: {path.bytes} bytes")
            for name, frame in path.functions:
                print(f"          {frame:6}  {name}")


def check(listing, paths):
    """Prints an image's table; the number of faults."""
    constants = rules.Constants.read(ROOT)
    graph = callgraph.read_objects(elf.listed(listing), constants["GUARD_BYTES"])
    contexts = Contexts(graph, constants)
    uses = contexts.uses()
    print(f"{listing.stem}: {len(graph.functions)} functions; an interrupt adds at most "
          f"{contexts.interruption} to a thread's stack")
    for use in uses:
        print_use(use, paths)
    for fault in sorted(contexts.faults):
        print(f"  FAULT: {fault}")
    return len(contexts.faults) + sum(not use.fits() for use in uses)


def add_options(parser):
    """Also those of `pivot stacks`."""
    parser.add_argument("--paths", action="store_true", help="print every path")
    parser.add_argument("--pointer", nargs=3, action="append", default=[],
                        metavar=("FILE", "LINE", "TO"), help="three expressions: in the file FILE, "
                        "a call through a pointer in a line like LINE leads to functions like TO")


def check_all(listings, args):
    """Prints every image's table; the exit status."""
    for words in args.pointer:
        for word in words:
            try:
                re.compile(word)
            except re.error as error:
                raise callgraph.GraphError(f"--pointer: '{word}': {error}") from None
        rules.OWN_POINTERS.append(rules.Pointer(words[0], words[1], (words[2],)))
    faults = sum(check(listing, args.paths) for listing in listings)
    print(f"{faults} faults")
    return 1 if faults else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("listing", nargs="+", type=Path)
    add_options(parser)
    args = parser.parse_args()
    try:
        return check_all(args.listing, args)
    except (callgraph.GraphError, elf.ElfError) as error:
        print(f"check.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
