"""What an interrupt costs, counted from QEMU's log of executed instructions (mix.py reads it).

A sample begins at the vector through which the asserted line is taken. It has been *served* at the
mark in ArguePort::look, and is *over* when the code that was interrupted goes on (a mark, or the
idle loop's WFI) after the byte has been handed on. In between:

  switches        changes of the running thread by which another thread's registers are loaded
  stack_switches  entries of a bottom half: `current` and SP change, no register is loaded
  saved           bytes that entry, exit and the switches store on a stack (vectors.S, switch.S)
  instructions    all that this CPU executes, without the loops in which threads compute

So none of it is what somebody believes that the code does.
"""

import re
from dataclasses import dataclass, field
from statistics import median_low

import mix
from machines import ROOT

COUNTS = ("switches", "stack_switches", "saved", "instructions")
ASSEMBLY = ("arch/aarch64/vectors.S", "arch/aarch64/switch.S")
VECTORS = ("vector_irq_thread", "vector_irq_nested")
CURRENT = re.search(r"#define CPU_CURRENT (\d+)",
                    (ROOT / "arch/aarch64/frame.hpp").read_text(encoding="utf-8"))[1]
MARK = re.compile(r"^([0-9a-f]+) \w mark_argue_(\w+)\.\d+$", re.MULTILINE)
SAVE = re.compile(r"st(p|r|ur)\s+(x\d+)\b.*\[sp")


def labels():
    """The labels of the assembly: what objdump says that its instructions belong to."""
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ASSEMBLY)
    return set(re.findall(r"^(\w*[a-z_]\w*):", text, re.MULTILINE))


@dataclass
class Places:
    """What is at which address."""
    marks: dict = field(default_factory=dict)       # address: set of armed, served, handed, back
    vectors: set = field(default_factory=set)
    idle: set = field(default_factory=set)
    computes: set = field(default_factory=set)
    cost: dict = field(default_factory=dict)        # address: (which of COUNTS, how much)


def kind_of(code, address, own):
    """What an instruction of the assembly adds to, if anything."""
    one = code[address]
    saved = SAVE.match(one.text)
    if saved and one.function in own:
        return "saved", 16 if saved[1] == "p" else 8
    if re.fullmatch(rf"str x0, \[x18, #{CURRENT}\]", one.text):
        following = code.get(address + 4)
        # switch.S: go_on_with_x0 has the thread's own SP in x9, onto_bottom_half a fresh one in x11
        if following and following.text == "mov sp, x9":
            return "switches", 1
        if following and following.text == "mov sp, x11":
            return "stack_switches", 1
    return None


def places_of(nm_output, code):
    places, own = Places(), labels()
    for address, mark in MARK.findall(nm_output):
        at = int(address, 16)
        if mark == "compute":
            places.computes |= {at, at + 4}
        else:
            places.marks.setdefault(at, set()).add(mark)
    for address, name in re.findall(r"^([0-9a-f]+) \w (\w+)$", nm_output, re.MULTILINE):
        if name in VECTORS:
            places.vectors.add(int(address, 16))
    for address, one in code.items():
        if one.mnemonic == "wfi":
            places.idle.add(address)
        cost = kind_of(code, address, own)
        if cost:
            places.cost[address] = cost
    return places


class Counter:
    """Fed with the executed addresses; one {served: counts, over: counts} a sample."""

    def __init__(self, places):
        self.samples = []
        self._at = places
        self._armed = self._running = self._handed = False
        self._now, self._served = None, None

    def feed(self, address):
        marks = self._at.marks.get(address, ())
        if "armed" in marks:
            self._armed, self._running, self._handed = True, False, False
        elif self._armed and not self._running and address in self._at.vectors:
            self._running = True
            self._now, self._served = dict.fromkeys(COUNTS, 0), None
        if not self._running:
            return
        if "served" in marks and self._served is None:
            self._served = dict(self._now)
        if "handed" in marks:
            self._handed = True
        if self._handed and ("back" in marks or address in self._at.idle):
            self.samples.append({"served": self._served, "over": dict(self._now)})
            self._armed = self._running = False
            return
        if address not in self._at.computes:
            self._now["instructions"] += 1
        if address in self._at.cost:
            what, much = self._at.cost[address]
            self._now[what] += much


def medians(samples):
    return {until: {count: median_low(s[until][count] for s in samples) for count in COUNTS}
            for until in ("served", "over")}


def count(board, image, cells, *, smp, samples, timeout):
    """{cell: {served: {...}, over: {...}}}; `cells`: what the image measures, in its order."""
    places = places_of(mix.tool_output("nm", str(image)),
                       mix.read_code(mix.tool_output("objdump", "-d", "-C", str(image))))
    counter = Counter(places)
    mix.trace(board, image, counter, set(), smp=smp, cpu=0, timeout=timeout,
              args=("argue", "latency", f"samples={samples}"))
    if len(counter.samples) != samples * len(cells):
        raise mix.GuestError(f"the log has {len(counter.samples)} samples, "
                             f"not {samples} of each of {len(cells)}")
    return {cell: medians(counter.samples[i * samples:(i + 1) * samples])
            for i, cell in enumerate(cells)}
