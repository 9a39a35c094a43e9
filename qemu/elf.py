"""ELF64 files, as far as the tools want to know what a compiler made: sections, symbols, data."""

import struct
from dataclasses import dataclass

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
RELOCATION = struct.Struct("<QQq")
PROGBITS, SYMTAB, RELA, GROUP = 1, 2, 4, 17
WRITE, ALLOC = 1, 2
COMDAT = 1


class ElfError(Exception):
    """One line for the user."""


@dataclass(frozen=True)
class Section:
    index: int
    name: str
    kind: int
    flags: int
    at: int          # in the file
    size: int
    link: int
    info: int


@dataclass(frozen=True)
class Symbol:
    name: str
    section: int     # 0: defined elsewhere
    value: int
    size: int


class Elf:
    def __init__(self, data):
        self.data = data
        if data[:6] != b"\x7fELF\x02\x01":
            raise ElfError("not a 64-bit little-endian ELF file")
        try:
            self.sections = self._read_sections()
            self.symbols = self._read_symbols()
        except (struct.error, ValueError, IndexError):
            raise ElfError("a broken ELF file") from None

    def _read_sections(self):
        fields = HEADER.unpack_from(self.data)
        start, entry, count, names = fields[6], fields[11], fields[12], fields[13]
        raw = [SECTION.unpack_from(self.data, start + entry * i) for i in range(count)]
        return [Section(i, self._string(raw[names][4], r[0]), r[1], r[2], r[4], r[5], r[6], r[7])
                for i, r in enumerate(raw)]

    def _read_symbols(self):
        found = []
        for table in (s for s in self.sections if s.kind == SYMTAB):
            names = self.sections[table.link].at
            for at in range(table.at, table.at + table.size, SYMBOL.size):
                name, _, _, section, value, size = SYMBOL.unpack_from(self.data, at)
                found.append(Symbol(self._string(names, name), section, value, size))
        return found

    def _string(self, table, offset):
        begin = table + offset
        return self.data[begin:self.data.index(b"\0", begin)].decode()

    def contents(self, section):
        return self.data[section.at:section.at + section.size]

    def comdat(self):
        """{index of a section: the signature of the COMDAT group that it is in}"""
        members = {}
        for section in (s for s in self.sections if s.kind == GROUP):
            words = struct.unpack(f"<{section.size // 4}I", self.contents(section))
            if words[0] & COMDAT:
                symbol = self.symbols[section.info]
                signature = symbol.name or self.sections[symbol.section].name
                members.update(dict.fromkeys(words[1:], signature))
        return members

    def relocations(self, name):
        """[(offset, symbol, addend)] of the section of that name."""
        found = []
        for section in self.sections:
            if section.kind == RELA and self.sections[section.info].name == name:
                for at in range(section.at, section.at + section.size, RELOCATION.size):
                    offset, info, addend = RELOCATION.unpack_from(self.data, at)
                    found.append((offset, self.symbols[info >> 32], addend))
        return found

    def compiler(self):
        """Who made it, as it says itself: "GCC: (Debian 12.2.0-14) 12.2.0" or the like."""
        said = [self.contents(s) for s in self.sections if s.name == ".comment"]
        words = {word.decode() for text in said for word in text.split(b"\0") if word}
        return " and ".join(sorted(words)) or "unknown"

    def wanted(self):
        """The names that this object leaves to others."""
        return {symbol.name for symbol in self.symbols if symbol.section == 0 and symbol.name}


def read(path):
    try:
        return Elf(path.read_bytes())
    except OSError as error:
        raise ElfError(f"{path}: {error.strerror}") from None
    except ElfError as error:
        raise ElfError(f"{path}: {error}") from None


def source_of(path):
    """kern/sched.cpp of .../CMakeFiles/kernel_release.dir/kern/sched.cpp.obj"""
    _, found, rest = path.as_posix().rpartition(".dir/")
    if not found:
        raise ElfError(f"{path}: not an object that CMake has made")
    return rest.rpartition(".")[0]


def listed(path):
    """The objects that a file written by CMake names, one a line."""
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line]
    except OSError as error:
        raise ElfError(f"{path}: {error.strerror}") from None
