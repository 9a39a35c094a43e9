"""Who calls whom, and how large each frame is: what GCC writes with -fcallgraph-info=su,da.

A .ci file is written beside each object. A function's title is its symbol, with its file in front
if it is local; its label is the declaration, as C++ spells it, then the place, then the frame.
A call through a pointer is a call of "__indirect_call"; where that leads, rules.py says.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path

import elf

NODE = re.compile(r'^node: \{ title: "(.*?)" label: "(.*?)"(?: shape : \w+)? \}$', re.M | re.S)
EDGE = re.compile(r'^edge: \{ sourcename: "(.*?)" targetname: "(.*?)"(?: label: "(.*?)")? \}$',
                  re.M)
FRAME = re.compile(r"(\d+) bytes \(([\w,]+)\)")
INDIRECT = "__indirect_call"


class GraphError(Exception):
    """The call graph cannot be had; one line."""


def last_name(symbol):
    """print of _ZN5pivot5printIJEEEvPKcDpRKT_; what is not mangled as it is."""
    name, rest = symbol, symbol.removeprefix("_ZN")
    while rest != symbol and (digits := re.match(r"\d+", rest)):
        length, rest = int(digits[0]), rest[digits.end():]
        name, rest = rest[:length], rest[length:]
    return name


@dataclass
class Function:
    key: str
    words: str                                  # its declaration
    source: str                                 # of the object that it was found in
    frame: int
    unbounded: bool = False                     # alloca, or an array of a size known at run time
    calls: dict = field(default_factory=dict)   # key or symbol: where
    indirect: set = field(default_factory=set)  # where

    def name(self):
        """Short enough for a table."""
        made_for = re.search(r"auto Fn = ([^;\]]+)", self.words)
        plain = re.sub(r" \[with .*", "", self.words)
        bare = re.split(r"\((?!\*|anonymous)", plain, maxsplit=1)[0].split(" ")[-1]
        if plain.startswith(")"):    # GCC loses a declaration with a pack of parameters
            bare = last_name(self.key.rpartition(":")[2])
        if "<lambda" in plain:
            bare += "::<lambda>"
        return f"{bare}<{made_for[1]}>" if made_for else bare


class Graph:
    """The functions of all the objects of an image."""

    def __init__(self):
        self.functions = {}
        self.stacks = {}        # symbol: (source, bytes), each without its guard page
        self.from_assembly = set()
        self.sections = {}      # (source, section): bytes, of the assembly's
        self._registered = set()    # (list, source, symbol)

    def add(self, function):
        old = self.functions.setdefault(function.key, function)
        if old is not function:     # an inline function that several objects have
            old.frame = max(old.frame, function.frame)
            old.unbounded |= function.unbounded
            old.calls |= function.calls
            old.indirect |= function.indirect

    def find(self, target):
        """The function that a call names; None if no object has it."""
        plain = re.sub(r"^__builtin_", "", target)
        # A complete constructor may be the base one under another name.
        other = re.sub(r"(?<=[a-zE])([CD])1(?=E)", r"\g<1>2", plain)
        return self.functions.get(plain) or self.functions.get(other)

    def register(self, records, source):
        self._registered |= {(of, source, symbol) for of, symbol in records}

    def registered(self, of):
        """The functions that the records of one list name (kern/base/registered.hpp)."""
        names = {(source, symbol) for known, source, symbol in self._registered if known == of}
        symbols = {symbol for _, symbol in names}
        # A local function is its source's; an inline one may have come with another object.
        return [f for f in self.functions.values() if f.key in symbols
                or (f.source, f.key.rpartition(":")[2]) in names]

    def matching(self, pattern):
        return [f for f in self.functions.values() if re.search(pattern, f.words)]


def read_ci(text, source):
    """The functions of one .ci file."""
    functions = {}
    for title, label in NODE.findall(text):
        lines = label.split(r"\n")
        frame = FRAME.search(lines[2]) if len(lines) > 2 else None
        if frame:    # the others are only called here
            functions[title] = Function(title, lines[0], source, int(frame[1]),
                                        frame[2] == "dynamic")
    for caller, target, where in EDGE.findall(text):
        if caller not in functions:
            raise GraphError(f"{source}: a call from {caller}, which is not in its call graph")
        place = re.sub(r":\d+$", "", where or "?")
        if target == INDIRECT:
            functions[caller].indirect.add(place)
        else:
            functions[caller].calls.setdefault(target, place)
    return functions.values()


def stacks_of(object_file):
    """{symbol: bytes} of the stacks that an object defines: its .guards, one GuardRange a stack."""
    section = next((s for s in object_file.sections if s.name == ".guards"), None)
    if section is None:
        return {}
    data, found = object_file.contents(section), {}
    for offset, symbol, _ in object_file.relocations(".guards"):
        stride = int.from_bytes(data[offset + 8:offset + 16], "little")
        found[symbol.name or object_file.sections[symbol.section].name] = stride
    return found


def records_of(object_file):
    """{(list, symbol)} of the functions that the records in its .registered.* sections name."""
    at = {(s.section, s.value): s.name for s in object_file.symbols
          if s.name and not s.name.startswith("$")}    # $x: where instructions begin
    found = set()
    for section in object_file.sections:
        if section.name.startswith(".registered."):
            for _, symbol, addend in object_file.relocations(section.name):
                where = symbol.section, symbol.value + addend
                found.add((section.name.removeprefix(".registered."),
                           symbol.name or at.get(where, "")))
    return found


def read_objects(paths, guard):
    """The graph of an image's objects. `guard`: how much of each stack is its guard page."""
    graph = Graph()
    for path in map(Path, paths):
        object_file, source = elf.read(path), elf.source_of(path)
        graph.stacks |= {name: (source, stride - guard)
                         for name, stride in stacks_of(object_file).items()}
        if path.name.endswith((".S.obj", ".S.o")):
            graph.from_assembly |= object_file.wanted()
            graph.sections |= {(source, s.name): s.size for s in object_file.sections}
            continue
        graph.register(records_of(object_file), source)
        ci = path.with_suffix(".ci")
        try:
            text = ci.read_text(encoding="utf-8")
        except OSError:
            raise GraphError(f"{source}: no call graph beside its object; build it again with "
                             "-fcallgraph-info=su,da") from None
        for function in read_ci(text, source):
            graph.add(function)
    return graph
