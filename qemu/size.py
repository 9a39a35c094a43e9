#!/usr/bin/env python3
"""How large the kernel is: text and read-only data, from the objects that every image is linked of.

    qemu/size.py build/qemu-virt/images/kernel_objects.txt

Counted is what the compiler made of each source of the kernel in the release flavour: code and
constants, the vector table with its padding, inline functions and templates once wherever they were
emitted. Nothing is collected: what an image does not use is counted, too. Not counted are variables
and stacks, and what the debugger reads.

The kernel *proper* is all of it but the parts that RULES sets apart: drivers, the way from power-on
to pivot_main with the address map, and diagnostics. The rivals' figures are without these, too. A
source that no rule names belongs to the kernel proper. The shell, the tests and the symbol tables
are no part of the kernel's objects at all.
"""

import argparse
import fnmatch
import re
import struct
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROPER, DIAGNOSTICS, BOOT, DRIVERS = "proper", "diagnostics", "boot", "drivers"

# The first pattern that fits decides.
RULES = (
    ("arch/dev/*", DRIVERS),
    ("arch/board/*", DRIVERS),
    ("arch/*/start.*", BOOT),
    ("arch/*/mmu.*", BOOT),
    # What speaks to people: formatting, the log, names of functions, the report of a panic.
    ("kern/base/format*", DIAGNOSTICS),
    ("kern/base/log*", DIAGNOSTICS),
    ("kern/base/symbols*", DIAGNOSTICS),
    ("kern/panic*", DIAGNOSTICS),
    ("arch/*/backtrace*", DIAGNOSTICS),
    ("arch/*/capture*", DIAGNOSTICS),
    ("arch/*/esr*", DIAGNOSTICS),
    ("arch/*/fault*", DIAGNOSTICS),
    ("*", PROPER),
)

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL_BYTES, GROUP_COMDAT = 24, 1
PROGBITS, GROUP = 1, 17
WRITE, ALLOC = 1, 2


class SizeError(Exception):
    """One line for the user."""


@dataclass(frozen=True)
class Piece:
    """A read-only section of an object. `key` tells a copy in another object by (None: none)."""
    name: str
    size: int
    key: tuple | None


class Object:
    """The section headers of an ELF64 little-endian relocatable."""

    def __init__(self, data):
        self.data = data
        if data[:6] != b"\x7fELF\x02\x01":
            raise SizeError("not a 64-bit little-endian ELF file")
        fields = HEADER.unpack_from(data)
        start, entry, count, names = fields[6], fields[11], fields[12], fields[13]
        self.sections = [SECTION.unpack_from(data, start + entry * i) for i in range(count)]
        self._names = self.sections[names]

    def string(self, table, offset):
        begin = table[4] + offset
        return self.data[begin:self.data.index(b"\0", begin)].decode()

    def name(self, section):
        return self.string(self._names, section[0])

    def signature(self, group):
        """What a group is called: the name of its symbol, or of the section that it stands for."""
        symbols = self.sections[group[6]]
        at = symbols[4] + SYMBOL_BYTES * group[7]
        name, _, _, section = struct.unpack_from("<IBBH", self.data, at)
        return self.string(self.sections[symbols[6]], name) or self.name(self.sections[section])

    def groups(self):
        """{index of a section: the signature of the COMDAT group that it is in}"""
        members = {}
        for section in self.sections:
            if section[1] == GROUP:
                words = struct.unpack_from(f"<{section[5] // 4}I", self.data, section[4])
                if words[0] & GROUP_COMDAT:
                    members.update(dict.fromkeys(words[1:], self.signature(section)))
        return members

    def pieces(self):
        members = self.groups()
        for index, section in enumerate(self.sections):
            name, kind, flags, size = self.name(section), section[1], section[2], section[5]
            if kind != PROGBITS or flags & (ALLOC | WRITE) != ALLOC:
                continue
            if not name.startswith(".eh_frame"):    # which no image keeps (link.ld)
                group = members.get(index)
                yield Piece(name, size, None if group is None else (group, name))


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


def source_of(path):
    """kern/sched.cpp of .../CMakeFiles/kernel_release.dir/kern/sched.cpp.obj"""
    _, found, rest = path.as_posix().rpartition(".dir/")
    if not found:
        raise SizeError(f"{path}: not an object that CMake has made")
    return rest.rpartition(".")[0]


def pieces_of(path):
    try:
        return list(Object(path.read_bytes()).pieces())
    except (OSError, SizeError, struct.error) as error:
        raise SizeError(f"{path}: {error}") from None


def sizes(paths):
    """{(part, source): bytes}, copies counted with the first source that has them."""
    seen, found, drivers = set(), Counter(), driver_classes()
    for path in sorted(paths, key=source_of):
        source = source_of(path)
        for piece in pieces_of(path):
            if piece.key is None or piece.key not in seen:
                part = DRIVERS if class_of(piece.name) in drivers else part_of(source)
                found[part, source] += piece.size
                seen.add(piece.key)
    return found


def of_parts(found):
    parts = dict.fromkeys((PROPER, DIAGNOSTICS, BOOT, DRIVERS), 0)
    for (part, _), size in found.items():
        parts[part] += size
    return parts


def listed(path):
    """The objects that a file written by CMake names, one a line."""
    try:
        return [Path(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    except OSError as error:
        raise SizeError(f"{path}: {error.strerror}") from None


def measure(path):
    """{part: bytes} of the objects listed in a file."""
    found = of_parts(sizes(listed(path)))
    if not found[PROPER]:
        raise SizeError(f"{path}: no object of the kernel")
    return found


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("objects", type=Path, help="the list of the kernel's objects")
    args = parser.parse_args(argv)
    try:
        found = sizes(listed(args.objects))
    except SizeError as error:
        print(f"size.py: {error}", file=sys.stderr)
        return 2
    for (part, source), size in sorted(found.items()):
        print(f"{size:7}  {part:12} {source}")
    for part, size in of_parts(found).items():
        print(f"{size:7}  {part}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
