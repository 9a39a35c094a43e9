#!/usr/bin/env python3
"""How large the kernel is: text and read-only data, from the objects that every image is linked of.

    qemu/size.py build/qemu-virt/images

Counted is what the compiler made of each source of the kernel in the release flavour: code and
constants, the vector table with its padding, inline functions and templates once wherever they were
emitted. Nothing is collected: what an image does not use is counted, too. How much of it the image
`bench` is linked with, which is how a kernel of many small objects is usually measured, is told
beside it. Not counted are variables and stacks, and what the debugger reads.

The kernel *proper* is all of it but the parts that RULES sets apart: drivers, what runs once on
each CPU from power-on until it has threads, and diagnostics; their sizes are told beside it. A
source that no rule names belongs to the kernel proper. The shell, the tests and the symbol tables
are no part of the kernel's objects at all.
"""

import argparse
import fnmatch
import re
import sys
from collections import Counter
from pathlib import Path

import elf

ROOT = Path(__file__).resolve().parent.parent
PROPER, DIAGNOSTICS, BOOT, DRIVERS = "proper", "diagnostics", "boot", "drivers"
IN_BENCH = "proper, in bench.elf"
JUDGED = PROPER     # what is held to the row's target

# The first pattern that fits decides.
RULES = (
    ("arch/dev/*", DRIVERS),
    ("arch/board/*", DRIVERS),
    ("arch/*/start.*", BOOT),
    ("arch/*/mmu.*", BOOT),
    ("arch/*/bring_up.*", BOOT),
    ("kern/secondary.*", BOOT),
    ("kern/main.*", BOOT),
    # What speaks to people: formatting, the log, names of functions, the report of a panic.
    ("kern/base/format*", DIAGNOSTICS),
    ("kern/base/log*", DIAGNOSTICS),
    ("kern/base/symbols*", DIAGNOSTICS),
    ("intr/black_box*", DIAGNOSTICS),
    ("kern/panic*", DIAGNOSTICS),
    ("arch/*/backtrace*", DIAGNOSTICS),
    ("arch/*/capture*", DIAGNOSTICS),
    ("arch/*/esr*", DIAGNOSTICS),
    ("arch/*/fault*", DIAGNOSTICS),
    # What watches the kernel: the checkers of locks and of guarded data, of which a release has
    # nothing to call, and statistics.
    ("kern/trace/*", DIAGNOSTICS),
    ("mutex/lock_*", DIAGNOSTICS),
    ("mutex/guard_*", DIAGNOSTICS),
    ("spl/spl_watch*", DIAGNOSTICS),
    ("*", PROPER),
)


def pieces_of(path):
    """(section's name, bytes, what tells a copy in another object by) of what is read-only."""
    object_file = elf.read(path)
    members = object_file.comdat()
    for section in object_file.sections:
        if section.kind != elf.PROGBITS or section.flags & (elf.ALLOC | elf.WRITE) != elf.ALLOC:
            continue
        if not section.name.startswith(".eh_frame"):    # which no image keeps (link.ld)
            group = members.get(section.index)
            yield section.name, section.size, None if group is None else (group, section.name)


def part_of(source):
    return next(part for pattern, part in RULES if fnmatch.fnmatchcase(source, pattern))


def driver_classes(folder=ROOT / "arch/dev"):
    """The classes of the drivers, whose functions are emitted by whoever calls them."""
    return {name for header in folder.glob("*.hpp")
            for name in re.findall(r"^(?:class|struct) (\w+)", header.read_text(encoding="utf-8"),
                                   re.MULTILINE)}


def class_of(section):
    """GicV3 of .text._ZN5pivot5GicV3I...E7disableEj; "" if it is no member's section."""
    found = re.search(r"_ZNK?5pivot(\d+)(\w+)", section)
    return found[2][:int(found[1])] if found else ""


def sizes(paths):
    """{(part, source): bytes}, copies counted with the first source that has them."""
    seen, found, drivers = set(), Counter(), driver_classes()
    for path in sorted(paths, key=elf.source_of):
        source = elf.source_of(path)
        for name, size, key in pieces_of(path):
            if key is None or key not in seen:
                part = DRIVERS if class_of(name) in drivers else part_of(source)
                found[part, source] += size
                seen.add(key)
    return found


def of_parts(found):
    parts = dict.fromkeys((PROPER, DIAGNOSTICS, BOOT, DRIVERS), 0)
    for (part, _), size in found.items():
        parts[part] += size
    return parts


LINKED = re.compile(r"^ (\.(?:text|rodata|guards)\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+) "
                    r"(\S*/kernel_\w+\.dir/\S+)$", re.MULTILINE)


def linked(path):
    """The bytes of the kernel proper that an image has, from its linker's map."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise elf.ElfError(f"{path}: {error.strerror}") from None
    # Before that it lists what was left out.
    _, _, placed = text.partition("Linker script and memory map")
    drivers = driver_classes()
    return sum(int(size, 16) for section, size, file in LINKED.findall(placed)
               if class_of(section) not in drivers
               and part_of(elf.source_of(Path(file))) == PROPER)


def measure(images):
    """{part: bytes} of the kernel whose images these are."""
    path = images / "kernel_objects.txt"
    found = of_parts(sizes(map(Path, elf.listed(path))))
    if not found[PROPER]:
        raise elf.ElfError(f"{path}: no object of the kernel")
    return {**found, IN_BENCH: linked(images / "bench.map")}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path, help="the folder of a board's images")
    args = parser.parse_args(argv)
    try:
        found = sizes(map(Path, elf.listed(args.images / "kernel_objects.txt")))
        parts = measure(args.images)
    except elf.ElfError as error:
        print(f"size.py: {error}", file=sys.stderr)
        return 2
    for (part, source), size in sorted(found.items()):
        print(f"{size:7}  {part:12} {source}")
    for part, size in parts.items():
        print(f"{size:7}  {part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
