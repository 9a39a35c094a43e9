#!/usr/bin/env python3
"""Embeds the functions' names in an image (kern/base/symbols.hpp).

    symbols.py --nm aarch64-linux-gnu-nm first.elf -o symbols.S     the table, as assembly
    symbols.py --nm aarch64-linux-gnu-nm first.elf --check final.elf  no function has moved

The image is linked without the table first; the table is made from that and linked in. It is right
only if the second link leaves every function where it was, which --check makes sure of.
"""

import argparse
import re
import subprocess
import sys

# Labels of the measurement, not functions.
NOT_FUNCTIONS = re.compile(r"mark_begin\.|mark_end\.|dev_access\.|\.L|\$")
KERNEL_BASE, TEXT_END = "__image_start", "__text_end"


def read_symbols(nm, image):
    """[(address, type, name)] of an image, by address."""
    listing = subprocess.run([nm, "-C", "--defined-only", image], check=True,
                             capture_output=True, text=True).stdout
    found = (line.split(" ", maxsplit=2) for line in listing.splitlines())
    return sorted((int(address, 16), kind, name) for address, kind, name in found)


def is_function(kind, name):
    return kind in "tTwW" and not NOT_FUNCTIONS.match(name)


def without_parameters(name):
    """A demangled name as people say it: no parameter lists, no unnamed namespaces."""
    name = re.sub(r"\(anonymous namespace\)::| \[clone [^]]*\]", "", name)
    name = name.replace("operator()", "operator\0")
    kept, depth = [], 0
    for character in name:
        depth += character == "("
        if depth == 0:
            kept.append(character)
        depth -= character == ")"
    short = "".join(kept).replace("\0", "()").removesuffix(" const")
    # A template's demangled name begins with its return type: "void run<&f>".
    depth, at = 0, 0
    for i, character in enumerate(short):
        depth += (character in "<{") - (character in ">}")
        if character == " " and depth == 0 and "operator" not in short[:i]:
            at = i + 1
    return short[at:]


def functions(symbols):
    """([(offset, name)], base): where each name begins to apply; an empty name ends the last."""
    named = {name: address for address, _, name in symbols if name in (KERNEL_BASE, TEXT_END)}
    base, end = named[KERNEL_BASE], named[TEXT_END]
    table = {}
    for address, kind, name in symbols:
        if base <= address < end and is_function(kind, name):
            # Of several names for one address a global function's is the best known.
            if address - base not in table or kind == "T":
                table[address - base] = without_parameters(name)
    table[end - base] = ""
    return sorted(table.items()), base


def assembly(table):
    """The table as source text: entries of 8 bytes, each name stored once."""
    places, strings, size = {}, [], 0
    for _, name in table:
        if name not in places:
            places[name] = size
            size += len(name.encode()) + 1
            strings.append(name)
    yield '        .section .symbols, "a"\n        .balign 8\n        .globl pivot_symbols\n'
    yield f"pivot_symbols:\n        .quad {KERNEL_BASE}, 1f, 2f, {len(table)}\n1:\n"
    for offset, name in table:
        yield f"        .long {offset:#x}, {places[name]}\n"
    yield "2:\n"
    for name in strings:
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        yield f'        .asciz "{quoted}"\n'


def check(before, after):
    """What the second link has moved, as one line; None: nothing."""
    old = [s for s in before if is_function(s[1], s[2])]
    new = [s for s in after if is_function(s[1], s[2])]
    for one, other in zip(old, new):
        if one != other:
            return (f"{one[2]} was at {one[0]:#x}; "
                    f"linked with the table, {other[2]} is at {other[0]:#x}")
    return None if len(old) == len(new) else f"{len(old)} functions have become {len(new)}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--nm", default="nm")
    parser.add_argument("image")
    parser.add_argument("-o", "--output")
    parser.add_argument("--check", metavar="IMAGE")
    args = parser.parse_args()
    symbols = read_symbols(args.nm, args.image)
    if args.check:
        moved = check(symbols, read_symbols(args.nm, args.check))
        if moved:
            sys.exit(f"symbols.py: {args.check}: {moved}")
        return
    table, _ = functions(symbols)
    with open(args.output, "w", encoding="utf-8") as file:
        file.writelines(assembly(table))


if __name__ == "__main__":
    main()
